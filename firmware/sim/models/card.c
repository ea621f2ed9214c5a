#include "card_model.h"

#include <string.h>

static const uint8_t LEVELS[] = {0x93, 0x95};

static uint16_t crc_a(const uint8_t *bytes, uint8_t count)
{
    uint16_t crc = 0x6363;

    for (uint8_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
    }
    return crc;
}

static bool crc_good(const uint8_t *frame, uint8_t count)
{
    uint16_t crc = crc_a(frame, count - 2);
    return frame[count - 2] == (crc & 0xFF) && frame[count - 1] == crc >> 8;
}

// The five bytes a card shows at its cascade level.
static void level_bytes(const struct card *card, uint8_t out[5])
{
    if (card->length == 4) {
        memcpy(out, card->uid, 4);
    } else if (card->level == 0) {
        out[0] = 0x88;
        memcpy(out + 1, card->uid, 3);
    } else {
        memcpy(out, card->uid + 3, 4);
    }
    out[4] = out[0] ^ out[1] ^ out[2] ^ out[3];
}

static uint16_t fall_back(struct card *card)
{
    card->state = card->halted ? CARD_HALT : CARD_IDLE;
    card->level = 0;
    return 0;
}

static uint16_t hear_request(struct card *card, uint8_t command, uint8_t *out)
{
    if (card->state == CARD_READY || card->state == CARD_ACTIVE)
        return fall_back(card);
    if (card->state == CARD_HALT && command != 0x52)
        return 0;
    card->halted = card->state == CARD_HALT;
    card->state = CARD_READY;
    card->level = 0;
    out[0] = card->length == 4 ? 0x04 : 0x44;
    out[1] = 0x00;
    return 16;
}

static bool prefix_matches(const uint8_t *mine, const uint8_t *sent, uint8_t bits)
{
    for (uint8_t bit = 0; bit < bits; bit++)
        if ((mine[bit / 8] ^ sent[bit / 8]) >> bit % 8 & 1)
            return false;
    return true;
}

static uint16_t hear_select(struct card *card, const uint8_t *frame, uint8_t count, uint8_t *out)
{
    uint8_t mine[5];

    level_bytes(card, mine);
    if (count != 9 || !crc_good(frame, 9) || memcmp(mine, frame + 2, 5) != 0)
        return fall_back(card);
    bool more = card->length == 7 && card->level == 0;
    if (more)
        card->level = 1;
    else
        card->state = CARD_ACTIVE;
    out[0] = more ? 0x04 : 0x08;
    uint16_t crc = crc_a(out, 1);
    out[1] = crc & 0xFF;
    out[2] = crc >> 8;
    return 24;
}

// Answer the rest of the UID when the bits sent so far are ours.
static uint16_t hear_anticollision(struct card *card, const uint8_t *frame, uint8_t *out)
{
    uint8_t mine[5];
    uint8_t known = ((frame[1] >> 4) - 2) * 8 + (frame[1] & 7);

    level_bytes(card, mine);
    if (known > 40 || !prefix_matches(mine, frame + 2, known))
        return fall_back(card);
    for (uint8_t bit = known; bit < 40; bit++)
        if (mine[bit / 8] >> bit % 8 & 1)
            out[(bit - known) / 8] |= 1 << (bit - known) % 8;
    return 40 - known;
}

void card_power_up(struct card *card)
{
    card->halted = false;
    fall_back(card);
}

uint16_t card_hears(struct card *card, const uint8_t *frame, uint8_t count, uint8_t last,
                    uint8_t *out)
{
    if (count == 1 && last == 7 && (frame[0] == 0x26 || frame[0] == 0x52))
        return hear_request(card, frame[0], out);
    if (card->state == CARD_ACTIVE && count == 4 && frame[0] == 0x50 && crc_good(frame, 4)) {
        card->state = CARD_HALT;
        card->halted = true;
        return 0;
    }
    if (card->state == CARD_READY && count >= 2 && frame[0] == LEVELS[card->level])
        return frame[1] == 0x70 ? hear_select(card, frame, count, out)
                                : hear_anticollision(card, frame, out);
    return card->state == CARD_READY || card->state == CARD_ACTIVE ? fall_back(card) : 0;
}
