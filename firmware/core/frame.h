// FL1 lines: built and cut apart, bytes only.  The grammar is in docs/protocol.md.
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

#define FRAME_MAX 100 // bytes of a line, LF included
#define BODY_MAX 72   // leaves room for a MAC in every frame
#define ID_MAX 8

// A line being built.  Fields past BODY_MAX are refused whole, never cut: the host tests
// prove that no frame of ours comes near.
struct frame {
    char text[FRAME_MAX];
    uint8_t length;
};

// A line being received, without its "$".
struct inbox {
    char line[FRAME_MAX];
    uint8_t length;
    bool started; // a "$" was seen and the line is not too long
};

// An intact line from the fog.  The texts point into the inbox.
struct order {
    char type;
    const char *board;
    uint16_t boot;
    uint8_t fields;
    const char *field[3];
};

// Who we are; every frame carries it.
void frame_identity(const char *id, uint16_t boot);
const char *frame_id(void);
uint16_t frame_boot(void);
// 1 to 8 of a-z 0-9 -, and not the reserved "any" or "new".
bool frame_id_valid(const char *id);

// CRC-32 (IEEE 802.3): of "123456789" it is CBF43926.
uint32_t frame_crc(const char *bytes, uint8_t count);
// The same byte by byte: begins with UINT32_MAX, its complement is the CRC.
uint32_t frame_crc_byte(uint32_t crc, uint8_t byte);

void frame_begin(struct frame *frame, char type, uint16_t seq, uint32_t ms);
void frame_text(struct frame *frame, const char *text);
void frame_number(struct frame *frame, int32_t number);
void frame_unsigned(struct frame *frame, uint32_t number);
void frame_pair(struct frame *frame, const char *name, int32_t number); // ",name=number"
void frame_uid(struct frame *frame, const struct uid *uid);
// Adds "*", CRC and LF.
void frame_end(struct frame *frame);

// The whole E frame of one record, under the boot it belongs to.
void frame_event(struct frame *frame, const struct record *record);

// Take one received byte.  True when it ended a line that is intact and well formed;
// *order is valid until the next byte.
bool frame_receive(struct inbox *inbox, char byte, struct order *order);
// Decimal digits without sign, blank or leading zero, at most limit.
bool frame_parse(const char *text, uint32_t limit, uint32_t *number);

#endif
