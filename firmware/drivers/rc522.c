#include "rc522.h"

#include <string.h>

#include "hal.h"

// Registers, by the datasheet's names.
enum {
    COMMAND = 0x01, COM_IRQ = 0x04, ERROR = 0x06, FIFO_DATA = 0x09, FIFO_LEVEL = 0x0A,
    CONTROL = 0x0C, BIT_FRAMING = 0x0D, COLL = 0x0E, MODE = 0x11, TX_CONTROL = 0x14,
    TX_ASK = 0x15, RF_CFG = 0x26, T_MODE = 0x2A, T_PRESCALER = 0x2B, T_RELOAD_H = 0x2C,
    T_RELOAD_L = 0x2D, VERSION_REG = 0x37,
};
enum { CMD_IDLE = 0x00, CMD_TRANSCEIVE = 0x0C };
enum { IRQ_TIMER = 0x01, IRQ_RX = 0x20, IRQ_CLEAR = 0x7F };
enum { ERR_OVERFLOW = 0x10, ERR_COLL = 0x08, ERR_PARITY = 0x02, ERR_PROTOCOL = 0x01 };
enum { PICC_REQA = 0x26, PICC_WUPA = 0x52, PICC_HLTA = 0x50, CASCADE_TAG = 0x88, SAK_MORE = 0x04 };

#define PRESCALER 0xA9 // one timer tick is 25 us
#define TICKS_5_MS 200
#define TICKS_1_MS 40 // answers to REQA and WUPA start within 0.1 ms, HLTA has none
#define LIMIT_US 20000 // our own, should the chip's timer die with the chip
#define FIELD_MS 6     // off and on again: tags need 5 ms each way

enum exchange { ANSWERED, SILENT, COLLISION, FAILED };
enum { WAIT, FIELD_OFF, FIELD_ON, REQUEST };

static struct rc522 *chip; // the one this step is about

// ---- registers -----------------------------------------------------------------------

static uint8_t transfer(uint8_t address, uint8_t byte)
{
    hal_pin(chip->select, false);
    hal_spi(address);
    byte = hal_spi(byte);
    hal_pin(chip->select, true);
    return byte;
}

static void put(uint8_t reg, uint8_t value) { transfer((uint8_t)(reg << 1), value); }

static uint8_t get(uint8_t reg) { return transfer((uint8_t)(0x80 | (reg << 1)), 0); }

static void set_up(void)
{
    put(T_MODE, 0x80); // the timer starts at the end of each transmission
    put(T_PRESCALER, PRESCALER);
    put(T_RELOAD_H, 0);
    put(TX_ASK, 0x40);  // 100 % ASK, as ISO 14443-A asks
    put(MODE, 0x3D);
    put(RF_CFG, 0x70);  // gain 48 dB
}

static void field(bool on) { put(TX_CONTROL, on ? 0x83 : 0x80); }

// Is a chip there that still holds our set-up?  A brown-out loses it without a word.
static bool present(void)
{
    uint8_t version = get(VERSION_REG);

    return version != 0x00 && version != 0xFF && get(T_PRESCALER) == PRESCALER;
}

// ---- one exchange with the tags ------------------------------------------------------

static enum exchange wait_answer(void)
{
    uint32_t began_us = hal_us();

    while (hal_us() - began_us < LIMIT_US) {
        uint8_t irq = get(COM_IRQ);
        if (irq & IRQ_RX) {
            uint8_t error = get(ERROR);
            if (error & (ERR_OVERFLOW | ERR_PARITY | ERR_PROTOCOL))
                return FAILED;
            return error & ERR_COLL ? COLLISION : ANSWERED;
        }
        if (irq & IRQ_TIMER)
            return SILENT;
    }
    return FAILED;
}

// Send `count` bytes and receive at most *room bytes into answer; *room becomes how many.
// framing: low nibble = bits of the last byte to send (0 = all), high nibble = bit of the
// first answer byte at which the answer starts.
static enum exchange exchange(const uint8_t *bytes, uint8_t count, uint8_t framing,
                              uint8_t *answer, uint8_t *room)
{
    put(COMMAND, CMD_IDLE);
    put(COM_IRQ, IRQ_CLEAR);
    put(FIFO_LEVEL, 0x80); // empty it
    for (uint8_t i = 0; i < count; i++)
        put(FIFO_DATA, bytes[i]);
    put(COMMAND, CMD_TRANSCEIVE);
    put(BIT_FRAMING, 0x80 | framing); // start
    enum exchange result = wait_answer();
    put(BIT_FRAMING, framing);
    if (result != ANSWERED && result != COLLISION)
        return result;
    uint8_t level = get(FIFO_LEVEL);
    if (level > *room)
        return FAILED;
    *room = level;
    for (uint8_t i = 0; i < level; i++)
        answer[i] = get(FIFO_DATA);
    return result;
}

static void set_patience(uint8_t ticks) { put(T_RELOAD_L, ticks); }

// ISO/IEC 14443-3 annex B, CRC_A.
static void add_crc(uint8_t *bytes, uint8_t count)
{
    uint16_t crc = 0x6363;

    for (uint8_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (uint8_t bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
    }
    bytes[count] = (uint8_t)crc;
    bytes[count + 1] = (uint8_t)(crc >> 8);
}

// Any tag there?  Two that answer at once collide, which is a yes too.
static bool request(uint8_t command)
{
    uint8_t atqa[2], room = sizeof atqa;

    set_patience(TICKS_1_MS);
    enum exchange result = exchange(&command, 1, 7, atqa, &room); // a short frame: 7 bits
    return result == ANSWERED || result == COLLISION;
}

static void halt(void)
{
    uint8_t frame[4] = {PICC_HLTA, 0}, room = 0;

    add_crc(frame, 2);
    set_patience(TICKS_1_MS);
    exchange(frame, 4, 0, frame, &room);
}

// ---- anticollision -------------------------------------------------------------------

// The bit where two tags differ, counted from 1 over the whole UID of this level.
// CollReg counts within the bytes received, which start at the last whole known byte.
// Source: NXP reader library, phhalHw_Rc523 (masks the received buffer at this position).
static uint8_t collision_bit(uint8_t known)
{
    uint8_t coll = get(COLL);
    uint8_t position = coll & 0x1F;

    if (coll & 0x20) // out of range
        return 0;
    return (uint8_t)((known & ~7) + (position ? position : 32));
}

// Find the four bytes and check byte of one tag at a cascade level, in frame[2..6].
static bool narrow_down(uint8_t *frame, uint8_t level)
{
    uint8_t known = 0;

    memset(frame, 0, 7);
    frame[0] = level;
    for (uint8_t tries = 0; tries < 33; tries++) {
        uint8_t whole = known >> 3, bits = known & 7, room = 5 - whole;
        uint8_t answer[5], kept = frame[2 + whole] & ((1 << bits) - 1);
        frame[1] = (uint8_t)((2 + whole) << 4 | bits);
        enum exchange result =
            exchange(frame, 2 + whole + (bits != 0), (uint8_t)(bits << 4 | bits), answer, &room);
        if (result != ANSWERED && result != COLLISION)
            return false;
        memcpy(frame + 2 + whole, answer, room);
        frame[2 + whole] = (frame[2 + whole] & (uint8_t)(0xFF << bits)) | kept;
        if (result == ANSWERED)
            return room == 5 - whole &&
                   (frame[2] ^ frame[3] ^ frame[4] ^ frame[5]) == frame[6];
        uint8_t differs = collision_bit(known);
        if (differs <= known || differs > 32)
            return false;
        known = differs;
        frame[2 + ((known - 1) >> 3)] |= (uint8_t)(1 << ((known - 1) & 7)); // follow the ones
    }
    return false;
}

// Select the tag found at this level.  Returns its SAK, or -1.
static int16_t select_level(uint8_t *frame)
{
    uint8_t sak[3], check[3], room = sizeof sak;

    frame[1] = 0x70;
    add_crc(frame, 7);
    if (exchange(frame, 9, 0, sak, &room) != ANSWERED || room != 3)
        return -1;
    check[0] = sak[0];
    add_crc(check, 1);
    return memcmp(check, sak, 3) == 0 ? sak[0] : -1;
}

// One tag out of those that answered the request.
static bool select_one(struct uid *uid)
{
    uint8_t frame[9];

    set_patience(TICKS_5_MS);
    uid->length = 0;
    for (uint8_t level = 0x93; level <= 0x95; level += 2) {
        if (!narrow_down(frame, level))
            return false;
        int16_t sak = select_level(frame);
        bool more = sak > 0 && sak & SAK_MORE; // the tag says it; a UID byte may look like CT
        uint8_t count = more ? 3 : 4;
        if (sak < 0 || (more && frame[2] != CASCADE_TAG) || uid->length + count > UID_MAX)
            return false;
        memcpy(uid->bytes + uid->length, frame + 2 + more, count);
        uid->length += count;
        if (!more)
            return true;
    }
    return false;
}

// ---- the round -----------------------------------------------------------------------

void rc522_start(struct rc522 *reader, uint32_t ms)
{
    hal_pin(reader->select, true);
    hal_pin(reader->reset, false);
    hal_delay_us(10);
    hal_pin(reader->reset, true); // its oscillator has a whole round to start
    reader->state = WAIT;
    reader->round_ms = ms;
}

static enum rc522_news begin_round(uint32_t ms)
{
    if (!present())
        set_up();
    if (!present()) {
        rc522_start(chip, ms);
        return RC522_AWAY;
    }
    field(false);
    chip->round_ms = ms;
    chip->found = 0;
    chip->state = FIELD_OFF;
    return RC522_NOTHING;
}

// The next tag of this round, or its end.
static enum rc522_news next_tag(struct uid *uid)
{
    // WUPA first: a tag that kept its charge through the gap is still halted.
    uint8_t command = chip->state == FIELD_ON ? PICC_WUPA : PICC_REQA;

    chip->state = REQUEST;
    // A failed selection leaves tags half awake; only the next field gap sorts them out.
    if (chip->found == RC522_ROUND_TAGS || !request(command) || !select_one(uid)) {
        chip->state = WAIT;
        return RC522_ROUND;
    }
    halt();
    chip->found++;
    return RC522_FOUND;
}

enum rc522_news rc522_step(struct rc522 *reader, uint32_t ms, struct uid *uid)
{
    uint32_t since_ms = ms - reader->round_ms;

    chip = reader;
    if (chip->state == WAIT)
        return since_ms < RC522_ROUND_MS ? RC522_NOTHING : begin_round(ms);
    if (chip->state == FIELD_OFF && since_ms >= FIELD_MS) {
        field(true);
        chip->state = FIELD_ON;
    }
    if (chip->state == FIELD_OFF || since_ms < 2 * FIELD_MS)
        return RC522_NOTHING;
    return next_tag(uid);
}
