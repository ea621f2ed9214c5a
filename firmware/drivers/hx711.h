// HX711 24-bit converter of the load cell.
// Source: Avia HX711 datasheet, "Serial Interface".
#ifndef HX711_H
#define HX711_H

#include <stdbool.h>
#include <stdint.h>

#define HX711_LOW (-8388608) // saturated
#define HX711_HIGH 8388607

// Power the chip down and up: a reset of ours may have cut a sample half read.  It then
// converts channel A at gain 128.
void hx711_start(void);
// Read one sample of channel A at gain 128, in raw counts (HX711_LOW..HX711_HIGH).
// Returns false, leaving *counts alone, when no sample is ready or the chip lost step.
bool hx711_read(int32_t *counts);

#endif
