// One ISO 14443-A tag: what it answers to a frame, in which state.
// Source: ISO/IEC 14443-3, 6.
#ifndef CARD_MODEL_H
#define CARD_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct card {
    uint8_t uid[7];
    uint8_t length; // 4 or 7; 0 = no card
    enum { CARD_IDLE, CARD_READY, CARD_ACTIVE, CARD_HALT } state;
    bool halted; // came from HALT: falls back there
    uint8_t level;
};

// The field was away long enough: all state is forgotten.
void card_power_up(struct card *card);
// A frame of `count` bytes, of the last one only `last` bits (0 = all).  Returns how many
// bits the card sends, laid into out from bit 0; out must be zero.
uint16_t card_hears(struct card *card, const uint8_t *frame, uint8_t count, uint8_t last,
                    uint8_t *out);

#endif
