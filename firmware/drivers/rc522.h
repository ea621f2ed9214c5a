// MFRC522 reader: enumerates every ISO 14443-A tag in its field, a few centimetres wide.
// Each round switches the field off and on, so all tags start IDLE; then request,
// anticollision, select and halt one tag after the other until none answers.
// Source: NXP MFRC522 datasheet 9.3; ISO/IEC 14443-3, 6.
#ifndef RC522_H
#define RC522_H

#include <stdint.h>

#include "hal.h"
#include "record.h"

#define RC522_ROUND_MS 100
#define RC522_ROUND_TAGS 7 // one more than sense.h follows, so that too many is noticed

enum rc522_news {
    RC522_NOTHING, // call again
    RC522_FOUND,   // *uid holds a tag
    RC522_ROUND,   // the round is over: whoever was not found did not answer
    RC522_AWAY,    // no chip answers; it is tried again every round
};

// One reader; a board may have several on one SPI bus.
struct rc522 {
    enum hal_pin reset, select; // set by the owner
    uint8_t state;
    uint32_t round_ms; // when this round began
    uint8_t found;     // tags of this round
};

// Put the chip into hardware reset; the rounds do the rest.
void rc522_start(struct rc522 *reader, uint32_t ms);
// One small step of the round: under 11 ms with tags in the field, which is what the UART's
// receive buffer bridges, 1.5 ms without.
enum rc522_news rc522_step(struct rc522 *reader, uint32_t ms, struct uid *uid);

#endif
