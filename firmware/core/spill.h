// Events that wait longer than the SRAM may hold them: 48 slots of 20 bytes in the EEPROM,
// from byte 64 on, written in turn.  They outlive resets and power cuts.
#ifndef SPILL_H
#define SPILL_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#ifndef SPILL_SLOTS // an Ethernet board keeps its place in the last one
#define SPILL_SLOTS 48
#endif
#define SPILL_BEGIN 64 // EEPROM address of slot 0

// Look what the starts before this one left.  Reads only.
void spill_start(void);
uint8_t spill_count(void);
// Read the record at a place, 0 = oldest; place < spill_count().  False when the EEPROM no
// longer gives what was written.  Waits for a running byte write, at most 3.4 ms.
bool spill_at(uint8_t place, struct record *record);
// Forget all records of that start up to and including seq; return how many.  Each is
// durable only after one more byte written by spill_step: a power cut brings it back, and
// the fog knows it already.
uint8_t spill_drop(uint16_t boot, uint16_t seq);
// Is a slot free, and is nothing being written?
bool spill_free(void);
// Begin to write a record, which must stay as it is until it is durable or given up;
// spill_free() must hold.
void spill_begin(const struct record *record);
// Give up what is being written.
void spill_abandon(void);
// Is a record being written?
bool spill_busy(void);
// Write at most one byte; waits for nothing.  True once, when the record begun is durable.
bool spill_step(void);

#endif
