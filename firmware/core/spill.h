// Events that wait longer than the SRAM may hold them: 48 slots of 20 bytes in the EEPROM,
// from byte 64 on, written in turn.  They outlive resets and power cuts.
//
// 46 of them hold what the ring has no room for.  When these are full the power takes the whole
// ring, and nobody would know how much that was: so the last two hold, in turn, a copy of the
// ring's newest event.  While its original waits in the ring a copy is neither told nor counted;
// after a power cut it is told behind all records, and what lies between shows as a gap in seq.
#ifndef SPILL_H
#define SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#ifndef SPILL_SLOTS // an Ethernet board keeps its place in the last one
#define SPILL_SLOTS 48
#endif
#define SPILL_BEGIN 64 // EEPROM address of slot 0
#define SPILL_KEEPS (SPILL_SLOTS - 2)

// Look what the starts before this one left.  Reads only.
void spill_start(void);
// Tell copies from what is told from here: what `waits` elsewhere is a copy, and what does no
// longer, because it was overwritten there, is told from here from now on.
void spill_part(bool (*waits)(uint16_t boot, uint16_t seq));
uint8_t spill_count(void);
// Records given up since the start, to make room for a copy.
uint16_t spill_lost(void);
// Read the record at a place, 0 = oldest, copies last; place < spill_count().  False when the EEPROM no
// longer gives what was written.  Waits for a running byte write, at most 3.4 ms.
bool spill_at(uint8_t place, struct record *record);
// Forget all records and copies of that start up to and including seq; return how many
// records.  Each goes only with one more byte written by spill_step: a power cut brings it
// back, and the fog knows it already.
uint8_t spill_drop(uint16_t boot, uint16_t seq);
// Is there room for a record, and is nothing being written?
bool spill_free(void);
// Begin to write a record, which must stay as it is until it is durable or given up;
// spill_free() must hold.
void spill_begin(const struct record *record);
// Begin to write a copy in the same way; nothing may be being written.  Without a free slot
// the youngest record is given up that a younger one of its start outlives; false when there
// is none.  Older copies of that start go once the new one is durable.
bool spill_copy(const struct record *record);
// Give up what is being written.
void spill_abandon(void);
// Is a record being written?
bool spill_busy(void);
// Write at most one byte; waits for nothing.  True once, when the record or copy begun is
// durable.
bool spill_step(void);

#endif
