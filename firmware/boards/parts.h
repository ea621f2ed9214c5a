// Every sensor that a board can have, ready for a sketch to list: driver, rule and pace.
#ifndef PARTS_H
#define PARTS_H

#include "part.h"

#define PARTS(...) (const struct part *const[]){__VA_ARGS__}

extern const struct part part_light, part_shake, part_distance, part_weight, part_tags;
extern const struct part part_tags_2; // with READERS 2
// DHT22, or DHT11 when built with CLIMATE_DHT11; temperature has the driver, humidity follows.
extern const struct part part_temperature, part_humidity;
extern const struct part part_level;
extern const struct part part_code; // with part_code.c
extern const struct part part_camera; // with part_camera.c, and alone

#endif
