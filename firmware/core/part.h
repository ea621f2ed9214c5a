// What a board is made of: a sketch lists its parts, each one sensor with its driver and rule.
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stdint.h>

struct part {
    uint8_t sensor;                                     // enum sensor: its row in the registry
    void (*start)(uint32_t ms);                         // forget all state, start the chip
    void (*step)(uint32_t ms);                          // one pass, at most 11 ms, or a picture
    bool (*newest)(int32_t *value);                     // for S; false when there is none
    bool (*set)(const char *limit, uint32_t value);     // C; false = no such limit or value
};

struct sketch {
    const char *kind; // as H says it
    uint8_t count;
    const struct part *const *parts;
};

// The board that this image is; each boards/sketch_*.c defines one.
extern const struct sketch sketch;

#endif
