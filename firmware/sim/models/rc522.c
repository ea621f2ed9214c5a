#include "rc522_model.h"

#include <string.h>

#include "chance.h"

enum {
    COMMAND = 0x01, COM_IRQ = 0x04, ERROR = 0x06, FIFO_DATA = 0x09, FIFO_LEVEL = 0x0A,
    CONTROL = 0x0C, BIT_FRAMING = 0x0D, COLL = 0x0E, TX_CONTROL = 0x14, T_MODE = 0x2A,
    T_PRESCALER = 0x2B, T_RELOAD_H = 0x2C, T_RELOAD_L = 0x2D, VERSION = 0x37,
};
#define POWER_UP_US 5000   // a card works this long after the field came on
#define POWER_DOWN_US 1000 // and forgets its state after a gap this long

// ---- the air -------------------------------------------------------------------------

// Lay one more answer over those already heard.  Bits from the first difference on read 0.
static void overlay(struct rc522_model *model, const uint8_t *bits, uint16_t count)
{
    if (!model->answer_bits) {
        memcpy(model->answer, bits, sizeof model->answer);
        model->answer_bits = count;
        return;
    }
    uint16_t common = model->collision ? model->collision - 1 : model->answer_bits;
    for (uint16_t bit = 0; bit < common; bit++) {
        if (!((model->answer[bit / 8] ^ bits[bit / 8]) >> bit % 8 & 1))
            continue;
        model->collision = bit + 1;
        for (uint16_t rest = bit; rest < model->answer_bits; rest++)
            model->answer[rest / 8] &= ~(1 << rest % 8);
        return;
    }
}

static void transmit(struct rc522_model *model, uint64_t now_us)
{
    uint8_t frame[RC522_MODEL_FIFO] = {0}, count = model->fifo_count;
    uint8_t last = model->reg[BIT_FRAMING] & 7;
    bool powered = (model->reg[TX_CONTROL] & 3) == 3 && now_us - model->field_us >= POWER_UP_US;

    memcpy(frame, model->fifo, count);
    model->fifo_count = 0;
    model->answer_bits = model->collision = 0;
    memset(model->answer, 0, sizeof model->answer);
    bool request = count == 1;
    for (struct card *card = model->cards; powered && card < model->cards + RC522_MODEL_CARDS;
         card++) {
        uint8_t out[sizeof model->answer] = {0};
        if (!card->length || (request && chance_percent(model->fail)))
            continue;
        uint16_t bits = card_hears(card, frame, count, last, out);
        if (bits)
            overlay(model, out, bits);
    }
    uint32_t prescaler = (model->reg[T_MODE] & 15) << 8 | model->reg[T_PRESCALER];
    uint32_t reload = model->reg[T_RELOAD_H] << 8 | model->reg[T_RELOAD_L];
    uint32_t wait_us = (2 * prescaler + 1) * (reload + 1) * 100ULL / 1356;
    uint8_t received = (model->answer_bits + 7) / 8;
    model->busy = true;
    model->due_us = now_us + 72U * count + (received ? 100 + 72U * received : wait_us);
}

// The exchange is over: fill the FIFO as the chip does.
static void complete(struct rc522_model *model)
{
    uint8_t align = model->reg[BIT_FRAMING] >> 4 & 7;
    uint16_t end = model->answer_bits + align;

    model->busy = false;
    if (!model->answer_bits) {
        model->reg[COM_IRQ] |= 0x01;
        return;
    }
    memset(model->fifo, 0, sizeof model->fifo);
    for (uint16_t bit = 0; bit < model->answer_bits; bit++)
        if (model->answer[bit / 8] >> bit % 8 & 1)
            model->fifo[(bit + align) / 8] |= 1 << (bit + align) % 8;
    model->fifo_count = (end + 7) / 8;
    model->reg[CONTROL] = (model->reg[CONTROL] & ~7) | (end & 7);
    model->reg[COM_IRQ] |= 0x30;
    model->reg[ERROR] = model->collision ? 0x08 : 0x00;
    uint16_t position = model->collision + align;
    if (!model->collision || position > 32)
        model->reg[COLL] = 0x20;
    else
        model->reg[COLL] = position & 0x1F;
}

// ---- the registers -------------------------------------------------------------------

static void power_on(struct rc522_model *model)
{
    memset(model->reg, 0, sizeof model->reg);
    model->reg[COMMAND] = 0x20;
    model->reg[COM_IRQ] = 0x14;
    model->reg[TX_CONTROL] = 0x80;
    model->reg[VERSION] = 0x92;
    model->fifo_count = 0;
    model->busy = false;
}

static void write_tx_control(struct rc522_model *model, uint8_t value, uint64_t now_us)
{
    bool was = (model->reg[TX_CONTROL] & 3) == 3, is = (value & 3) == 3;

    model->reg[TX_CONTROL] = value;
    if (was == is)
        return;
    bool forgot = is && now_us - model->field_us >= POWER_DOWN_US;
    model->field_us = now_us;
    for (struct card *card = model->cards; forgot && card < model->cards + RC522_MODEL_CARDS;
         card++)
        card_power_up(card);
}

static void write_register(struct rc522_model *model, uint8_t reg, uint8_t value, uint64_t now_us)
{
    switch (reg) {
    case COMMAND:
        model->reg[COMMAND] = value;
        model->busy = false;
        return;
    case COM_IRQ: // the marked bits are cleared; setting them, by bit 7, nobody does
        model->reg[COM_IRQ] &= ~value;
        return;
    case FIFO_DATA:
        if (model->fifo_count < RC522_MODEL_FIFO)
            model->fifo[model->fifo_count++] = value;
        return;
    case FIFO_LEVEL:
        if (value & 0x80)
            model->fifo_count = 0;
        return;
    case TX_CONTROL:
        write_tx_control(model, value, now_us);
        return;
    case VERSION:
        return;
    case BIT_FRAMING:
        model->reg[BIT_FRAMING] = value & 0x7F;
        if (value & 0x80 && (model->reg[COMMAND] & 15) == 0x0C)
            transmit(model, now_us);
        return;
    default:
        model->reg[reg] = value;
    }
}

static uint8_t read_register(struct rc522_model *model, uint8_t reg)
{
    if (reg == FIFO_LEVEL)
        return model->fifo_count;
    if (reg != FIFO_DATA)
        return model->reg[reg];
    if (!model->fifo_count)
        return 0;
    uint8_t value = model->fifo[0];
    memmove(model->fifo, model->fifo + 1, --model->fifo_count);
    return value;
}

void rc522_model_start(struct rc522_model *model)
{
    memset(model, 0, sizeof *model);
    power_on(model);
}

void rc522_model_reset(struct rc522_model *model, bool high)
{
    model->in_reset = !high;
    if (!high)
        power_on(model);
}

void rc522_model_select(struct rc522_model *model) { model->first_byte = true; }

uint8_t rc522_model_byte(struct rc522_model *model, uint8_t byte, uint64_t now_us)
{
    uint8_t answer = 0;

    if (model->gone || model->in_reset) {
        if (model->gone) // no supply: all is forgotten
            power_on(model);
        return 0xFF;
    }
    if (model->busy && now_us >= model->due_us)
        complete(model);
    if (model->first_byte) {
        model->first_byte = false;
        model->address = byte;
        return 0;
    }
    if (model->address & 0x80) {
        answer = read_register(model, model->address >> 1 & 0x3F);
        model->address = byte;
    } else {
        write_register(model, model->address >> 1 & 0x3F, byte, now_us);
    }
    return answer;
}

// ---- the field -----------------------------------------------------------------------

static struct card *find(struct rc522_model *model, const uint8_t *uid, uint8_t length)
{
    for (struct card *card = model->cards; card < model->cards + RC522_MODEL_CARDS; card++)
        if (card->length == length && memcmp(card->uid, uid, length) == 0)
            return card;
    return 0;
}

bool rc522_model_add(struct rc522_model *model, const uint8_t *uid, uint8_t length)
{
    if (length != 4 && length != 7)
        return false;
    if (find(model, uid, length))
        return true;
    for (struct card *card = model->cards; card < model->cards + RC522_MODEL_CARDS; card++) {
        if (card->length)
            continue;
        memset(card, 0, sizeof *card);
        memcpy(card->uid, uid, length);
        card->length = length;
        return true;
    }
    return false;
}

bool rc522_model_remove(struct rc522_model *model, const uint8_t *uid, uint8_t length)
{
    struct card *card = find(model, uid, length);

    if (card)
        card->length = 0;
    return card != 0;
}

void rc522_model_clear(struct rc522_model *model)
{
    memset(model->cards, 0, sizeof model->cards);
}
