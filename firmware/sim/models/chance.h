// Repeatable randomness for the chip models: the same seed gives the same run.
#ifndef CHANCE_H
#define CHANCE_H

#include <stdbool.h>
#include <stdint.h>

void chance_seed(uint32_t seed);
uint32_t chance_next(void);
// Uniform in -spread..spread.
int32_t chance_noise(int32_t spread);
bool chance_percent(uint8_t percent);

#endif
