// All events not yet acknowledged, oldest first: what was spilled, then the ring.
#ifndef PENDING_H
#define PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define SPILL_AFTER_MS 2000 // an event unacknowledged for so long goes into the EEPROM
#define COPY_PAUSE_MS 2000  // between two copies: each wears a slot a little

void pending_start(uint16_t boot);
uint8_t pending_count(void);
// The record at a place, 0 = oldest; place < pending_count().  False when it cannot be read.
bool pending_at(uint8_t place, struct record *record);
// Forget what the fog has: all of that start up to and including seq.  Returns how many.
uint8_t pending_drop(uint16_t boot, uint16_t seq);
// Records overwritten or given up since this start.
uint32_t pending_lost(void);
// Move the ring's oldest into the EEPROM, a byte at a time, when it is due: unacknowledged
// for 2 s, of an earlier start, the ring three quarters full, or `at_once`.  Without room
// there, copy the ring's newest instead, every 2 s at most.
void pending_step(uint32_t ms, bool at_once);

#endif
