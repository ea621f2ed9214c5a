// All events not yet acknowledged, oldest first: what was spilled, then the ring.
#ifndef PENDING_H
#define PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define SPILL_AFTER_MS 2000 // an event unacknowledged for so long goes into the EEPROM

void pending_start(uint16_t boot);
uint8_t pending_count(void);
// The record at a place, 0 = oldest; place < pending_count().  False when it cannot be read.
bool pending_at(uint8_t place, struct record *record);
// Forget what the fog has: all of that start up to and including seq.  Returns how many.
uint8_t pending_drop(uint16_t boot, uint16_t seq);
// Move the ring's oldest into the EEPROM, a byte at a time, when it is due: unacknowledged
// for 2 s, of an earlier start, the ring three quarters full, or `at_once`.
void pending_step(uint32_t ms, bool at_once);

#endif
