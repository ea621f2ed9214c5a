// Which line goes out next, and what the fog's orders do.  Nothing here waits: a line is
// sent only when the UART has room for a whole one.
#ifndef DELIVER_H
#define DELIVER_H

#include <stdint.h>

#define PROTOCOL 1
#define VERSION "0.1.0"

// Start anew: the declaration (H and all D) goes out first.
void deliver_start(uint32_t ms);
// Take one received byte.
void deliver_receive(uint32_t ms, uint8_t byte);
// Send at most one line.  Call as often as possible.
void deliver_step(uint32_t ms);

#endif
