// The USB line of an Ethernet board: it gets its name, place and key there, and nothing else is
// said on it.  Source: docs/protocol.md, section Ethernet.
#ifndef ENROL_H
#define ENROL_H

#include <stdbool.h>
#include <stdint.h>

// The line itself; boards/hal_avr.c has it on the chip.
bool serial_get(uint8_t *byte);
uint8_t serial_room(void);
// Waits for room: 9 ms for a line.
void serial_put(const char *bytes, uint8_t count);

// Take one line, if one has begun; then it waits for the line's end, 30 ms at the most.  True when
// the connection to the fog must begin anew.
bool enrol_step(uint32_t ms);

#endif
