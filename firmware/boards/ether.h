// The line of an Ethernet board: deliver's lines, each with its MAC, over one TCP connection to the
// fog.  It dials, begins again when the connection ends, and waits longer after each failure.
#ifndef ETHER_H
#define ETHER_H

#include <stdbool.h>
#include <stdint.h>

// Forget the connection; the next step begins as at a start.
void ether_restart(void);
// One pass: the connection, what came, and the USB line.  At most 12 ms.
void ether_step(uint32_t ms);
// How many bytes ether_put takes now.
uint8_t ether_room(void);
// Send one whole line, which deliver has just built: behind it its buffer has room for the MAC.
void ether_put(const char *bytes, uint8_t count);

#endif
