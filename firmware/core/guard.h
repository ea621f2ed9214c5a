// The MAC of lines that cross a network: put on what leaves, and taken off what comes when it
// is right.  Grammar and rules: docs/protocol.md, section Ethernet.
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stdint.h>

#define GUARD_KEY 16
#define GUARD_NONCE 8
#define GUARD_MAC 8

// Read so many bytes from upper-case hex digits; false when one is none.
bool guard_hex(const char *text, uint8_t *bytes, uint8_t count);
// Use this key from now on; no connection is under way.
void guard_key(const uint8_t key[GUARD_KEY]);
// A connection begins: nothing counts but a Q, which brings its nonce.
void guard_begin(void);
// Did a right Q come in this connection?
bool guard_talking(void);
// Put the MAC on a whole plain line, in place: its buffer has FRAME_MAX bytes.  Returns its new
// length; 0 when it is no line, or too long.
uint8_t guard_seal(char *line, uint8_t count);
// Take the MAC off a line, in place.  Returns the length of the plain line; 0 when the fog did
// not write it for this connection, or it is an order that no network may give.
uint8_t guard_open(char *line, uint8_t count);

#endif
