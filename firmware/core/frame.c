#include "frame.h"

#include <string.h>

#include "hal.h"
#include "sense.h"

static const uint32_t CRC_NIBBLE[16] HAL_FLASH = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
    0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
    0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};
static const uint32_t TENS[] HAL_FLASH = {
    1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1,
};

static char hex(uint8_t nibble) { return (char)(nibble < 10 ? '0' + nibble : 'A' + nibble - 10); }

static char identity[ID_MAX + 1];
static uint16_t boot_number;

// ---- identity ------------------------------------------------------------------------

void frame_identity(const char *id, uint16_t boot)
{
    strncpy(identity, id, ID_MAX);
    identity[ID_MAX] = '\0';
    boot_number = boot;
}

const char *frame_id(void) { return identity; }

uint16_t frame_boot(void) { return boot_number; }

bool frame_id_valid(const char *id)
{
    uint8_t length = 0;

    for (; id[length]; length++) {
        char c = id[length];
        bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (length == ID_MAX || !allowed)
            return false;
    }
    return length && strcmp(id, "any") != 0 && strcmp(id, "new") != 0;
}

// ---- building ------------------------------------------------------------------------

uint32_t frame_crc_byte(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    crc = (crc >> 4) ^ hal_flash_u32(&CRC_NIBBLE[crc & 15]);
    return (crc >> 4) ^ hal_flash_u32(&CRC_NIBBLE[crc & 15]);
}

uint32_t frame_crc(const char *bytes, uint8_t count)
{
    uint32_t crc = UINT32_MAX;

    while (count--)
        crc = frame_crc_byte(crc, (uint8_t)*bytes++);
    return ~crc;
}

static void add(struct frame *frame, const char *text, uint8_t count)
{
    if (frame->length + count > 1 + BODY_MAX)
        return;
    memcpy(frame->text + frame->length, text, count);
    frame->length += count;
}

static void add_text(struct frame *frame, const char *text)
{
    add(frame, text, (uint8_t)strlen(text));
}

// By subtraction: the chip has no divider, and the library's costs 600 cycles a digit.
static void add_decimal(struct frame *frame, uint32_t number)
{
    char digits[10];
    uint8_t count = 0;

    for (uint8_t i = 0; i < 10; i++) {
        uint32_t ten = hal_flash_u32(&TENS[i]);
        char digit = '0';
        for (; number >= ten; number -= ten)
            digit++;
        if (digit != '0' || count || ten == 1)
            digits[count++] = digit;
    }
    add(frame, digits, count);
}

static void add_signed(struct frame *frame, int32_t number)
{
    if (number < 0)
        add(frame, "-", 1);
    add_decimal(frame, number < 0 ? 0U - (uint32_t)number : (uint32_t)number);
}

static void begin(struct frame *frame, char type, uint16_t boot)
{
    frame->text[0] = '$';
    frame->text[1] = type;
    frame->length = 2;
    frame_text(frame, identity);
    frame_unsigned(frame, boot);
}

void frame_begin(struct frame *frame, char type, uint16_t seq, uint32_t ms)
{
    begin(frame, type, boot_number);
    frame_unsigned(frame, seq);
    frame_unsigned(frame, ms);
}

void frame_text(struct frame *frame, const char *text)
{
    add(frame, ",", 1);
    add_text(frame, text);
}

void frame_number(struct frame *frame, int32_t number)
{
    add(frame, ",", 1);
    add_signed(frame, number);
}

void frame_unsigned(struct frame *frame, uint32_t number)
{
    add(frame, ",", 1);
    add_decimal(frame, number);
}

void frame_pair(struct frame *frame, const char *name, int32_t number)
{
    frame_text(frame, name);
    add(frame, "=", 1);
    add_signed(frame, number);
}

void frame_uid(struct frame *frame, const struct uid *uid)
{
    char digits[2 * UID_MAX];

    for (uint8_t i = 0; i < uid->length; i++) {
        digits[2 * i] = hex(uid->bytes[i] >> 4);
        digits[2 * i + 1] = hex(uid->bytes[i] & 15);
    }
    add(frame, ",", 1);
    add(frame, digits, (uint8_t)(2 * uid->length));
}

void frame_end(struct frame *frame)
{
    uint32_t crc = frame_crc(frame->text + 1, frame->length - 1);

    frame->text[frame->length++] = '*';
    for (uint8_t i = 0; i < 8; i++, crc <<= 4)
        frame->text[frame->length++] = hex((uint8_t)(crc >> 28));
    frame->text[frame->length++] = '\n';
}

void frame_event(struct frame *frame, const struct record *record)
{
    struct sense_row row;
    char word[SENSE_WORD_MAX];

    sense_row(record->sensor, &row);
    sense_word(record->word, word);
    begin(frame, 'E', record->boot);
    frame_unsigned(frame, record->seq);
    frame_unsigned(frame, record->ms);
    frame_text(frame, row.name);
    frame_text(frame, word);
    if (record_has_uid(record))
        frame_uid(frame, &record->uid);
    else
        frame_number(frame, record->value);
    frame_end(frame);
}

// ---- receiving -----------------------------------------------------------------------

bool frame_parse(const char *text, uint32_t limit, uint32_t *number)
{
    uint32_t value = 0;

    if (!text[0] || (text[0] == '0' && text[1]))
        return false;
    for (; *text; text++) {
        uint8_t digit = (uint8_t)(*text - '0');
        if (digit > 9 || value > 429496728) // one digit more could pass 2^32
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return value <= limit;
}

// Do the last eight characters of the line hold the CRC of what stands before the "*"?
static bool crc_matches(const struct inbox *inbox)
{
    uint8_t star = inbox->length - 9;
    uint32_t crc = frame_crc(inbox->line, star);

    if (inbox->line[star] != '*')
        return false;
    for (uint8_t i = 1; i <= 8; i++, crc <<= 4)
        if (inbox->line[star + i] != hex((uint8_t)(crc >> 28)))
            return false;
    return true;
}

// Cut the body at its commas, in place.  A field beyond the third ends the trial.
static bool cut(struct inbox *inbox, struct order *order)
{
    char *part[6];
    uint8_t parts = 0;
    uint32_t boot;

    inbox->line[inbox->length - 9] = '\0';
    for (char *at = inbox->line; at; parts++) {
        if (parts == 6)
            return false;
        part[parts] = at;
        at = strchr(at, ',');
        if (at)
            *at++ = '\0';
        if (!part[parts][0])
            return false;
    }
    if (parts < 3 || part[0][1] || !frame_parse(part[2], UINT16_MAX, &boot))
        return false;
    order->type = part[0][0];
    order->board = part[1];
    order->boot = (uint16_t)boot;
    order->fields = parts - 3;
    for (uint8_t i = 3; i < parts; i++)
        order->field[i - 3] = part[i];
    return true;
}

bool frame_receive(struct inbox *inbox, char byte, struct order *order)
{
    if (byte == '\r')
        return false;
    if (byte == '$') { // a cut frame may stand before it: start anew anywhere
        inbox->started = true;
        inbox->length = 0;
        return false;
    }
    if (!inbox->started)
        return false;
    if (byte == '\n') {
        inbox->started = false;
        return inbox->length > 9 && crc_matches(inbox) && cut(inbox, order);
    }
    if (byte < '!' || byte > '~' || inbox->length == FRAME_MAX - 2) {
        inbox->started = false;
        return false;
    }
    inbox->line[inbox->length++] = byte;
    return false;
}
