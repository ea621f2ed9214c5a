// Events not yet acknowledged, oldest first: 24 records of 16 bytes in SRAM.
// A full ring overwrites its oldest record and counts it as lost.
#ifndef RING_H
#define RING_H

#include <stdint.h>

#define RING_SLOTS 24
#define UID_MAX 7

enum word {
    WORD_OPEN,
    WORD_CLOSE,
    WORD_SHAKE,
    WORD_MOVE,
    WORD_TAKE,
    WORD_PUT,
    WORD_IN,
    WORD_OUT,
    WORD_FAULT,
};

// A tag's own number as it came over the air.  The length belongs to it: 04A1B2C3 and
// 04A1B2C3000000 are two tags.
struct uid {
    uint8_t length; // 4 or 7
    uint8_t bytes[UID_MAX];
};

struct record {
    uint32_t ms;
    uint16_t seq; // 1..65535, then 1 again
    uint8_t sensor;
    uint8_t word;
    union {
        int32_t value;
        struct uid uid; // for WORD_IN and WORD_OUT
    };
};

// Empty the ring; the next record gets seq 1.
void ring_clear(void);
// Keep an event until it is acknowledged.
void ring_push(uint32_t ms, uint8_t sensor, enum word word, int32_t value);
void ring_push_tag(uint32_t ms, uint8_t sensor, enum word word, const struct uid *uid);
// Forget all records up to and including seq; return how many.  A seq that was never
// given out drops nothing.  Comparison is signed, modulo 65,536.
uint8_t ring_drop(uint16_t seq);
uint8_t ring_count(void);
// The record at a place, 0 = oldest; place < ring_count().
const struct record *ring_at(uint8_t place);
// Records overwritten since start.
uint32_t ring_lost(void);

#endif
