// MFRC522 at its SPI pins, with a set of ISO 14443-A tags in its field: request,
// bit-wise anticollision, select with cascade, halt.
// Source: NXP MFRC522 datasheet 9; ISO/IEC 14443-3, 6.
#ifndef RC522_MODEL_H
#define RC522_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "card_model.h"

#define RC522_MODEL_CARDS 8
#define RC522_MODEL_FIFO 64

struct rc522_model {
    uint8_t reg[64];
    uint8_t fifo[RC522_MODEL_FIFO];
    uint8_t fifo_count;
    struct card cards[RC522_MODEL_CARDS];
    bool gone;        // unplugged: every byte reads 0xFF
    uint8_t fail;     // percent of requests a card does not hear
    bool in_reset;
    bool first_byte;
    uint8_t address;
    uint64_t field_us; // when the field last went on or off
    // the exchange under way
    bool busy;
    uint64_t due_us;
    uint8_t answer[16];
    uint16_t answer_bits; // 0 = nobody answers
    uint16_t collision;   // first bit, from 1, where answers differ; 0 = none
};

void rc522_model_start(struct rc522_model *model);
// The reset pin.  Low forgets all registers.
void rc522_model_reset(struct rc522_model *model, bool high);
// The select pin went low: a new transfer begins.
void rc522_model_select(struct rc522_model *model);
// One SPI byte each way.
uint8_t rc522_model_byte(struct rc522_model *model, uint8_t byte, uint64_t now_us);

// Put a card into the field; false when its length is neither 4 nor 7, or no place is left.
bool rc522_model_add(struct rc522_model *model, const uint8_t *uid, uint8_t length);
// Take it out; false when it was not there.
bool rc522_model_remove(struct rc522_model *model, const uint8_t *uid, uint8_t length);
void rc522_model_clear(struct rc522_model *model);

#endif
