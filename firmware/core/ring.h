// The youngest events not yet acknowledged, oldest first: 24 records in SRAM that outlive a
// reset, though no power cut.  A full ring overwrites its oldest record and counts it as lost.
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define RING_SLOTS 24

// Begin a start: the next record gets this boot and seq 1.  Records of the start before that
// a reset left whole stay; after a power cut there are none.
void ring_start(uint16_t boot);
// Keep an event until it is acknowledged.
void ring_push(uint32_t ms, uint8_t sensor, enum word word, int32_t value);
void ring_push_tag(uint32_t ms, uint8_t sensor, enum word word, const struct uid *uid);
// Is that a seq of this start that was never given out?  To acknowledge one is a mistake of
// the other side: it drops nothing, for it would drop evidence.
bool ring_is_ahead(uint16_t boot, uint16_t seq);
// Forget all records of that start up to and including seq; return how many.  None when seq
// is ahead.  Comparison is signed, modulo 65,536.
uint8_t ring_drop(uint16_t boot, uint16_t seq);
// Forget the oldest record; there must be one.
void ring_drop_oldest(void);
uint8_t ring_count(void);
// The record at a place, 0 = oldest; place < ring_count().
const struct record *ring_at(uint8_t place);
// Records overwritten since this start.
uint32_t ring_lost(void);

#endif
