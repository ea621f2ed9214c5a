// HC-SR04 ultrasonic distance sensor.  The echo is timed by interrupt, so nobody waits.
// Source: SparkFun HC-SR04 sheet: 10 us trigger, cycle >= 60 ms.
#ifndef HCSR04_H
#define HCSR04_H

#include <stdbool.h>
#include <stdint.h>

#define HCSR04_CYCLE_MS 60
#define HCSR04_NONE (-1)  // nothing came back within 25 ms
#define HCSR04_STUCK (-2) // ECHO has been high for a second

// Forget what is under way.
void hcsr04_clear(void);
// Call every HCSR04_CYCLE_MS: take the answer to the last ping, send the next.
// Returns false, leaving *mm alone, when this cycle says nothing: the first one, the one
// after a missing echo (clones answer it with a false 8 cm), or a target in the blind 2 cm.
bool hcsr04_cycle(int16_t *mm);

#endif
