#include "record.h"

#include <string.h>

#define CONTENT 9  // where the value or UID begins
#define CRC_AT 17
#define MARK_AT 19

bool record_has_uid(const struct record *record)
{
    return record->word == WORD_IN || record->word == WORD_OUT || record->word == WORD_PART ||
           record->word == WORD_SCAN;
}

static uint8_t mark_of(const struct record *record)
{
    return (uint8_t)(record->word | (record_has_uid(record) ? record->uid.length << 4 : 0));
}

static void put_u16(uint8_t *bytes, uint16_t number)
{
    bytes[0] = (uint8_t)number;
    bytes[1] = (uint8_t)(number >> 8);
}

static void put_u32(uint8_t *bytes, uint32_t number)
{
    put_u16(bytes, (uint16_t)number);
    put_u16(bytes + 2, (uint16_t)(number >> 16));
}

static uint16_t get_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (uint16_t)(bytes[1] << 8));
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return get_u16(bytes) | (uint32_t)get_u16(bytes + 2) << 16;
}

// CRC-16/CCITT from 0xFFFF over all but itself; the mark is part of it.
static uint16_t crc_of(const uint8_t bytes[RECORD_BYTES])
{
    uint16_t crc = 0xFFFF;

    for (uint8_t i = 0; i <= CRC_AT; i++) {
        crc ^= (uint16_t)((i == CRC_AT ? bytes[MARK_AT] : bytes[i]) << 8);
        for (uint8_t bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

void record_pack(const struct record *record, uint8_t bytes[RECORD_BYTES])
{
    memset(bytes, 0, RECORD_BYTES);
    put_u16(bytes, record->boot);
    put_u16(bytes + 2, record->seq);
    put_u32(bytes + 4, record->ms);
    bytes[8] = record->sensor;
    if (record_has_uid(record))
        memcpy(bytes + CONTENT, record->uid.bytes, UID_MAX);
    else
        put_u32(bytes + CONTENT, (uint32_t)record->value);
    bytes[MARK_AT] = mark_of(record);
    put_u16(bytes + CRC_AT, crc_of(bytes));
}

bool record_unpack(const uint8_t bytes[RECORD_BYTES], struct record *record)
{
    uint8_t word = bytes[MARK_AT] & 15, length = bytes[MARK_AT] >> 4;

    record->boot = get_u16(bytes);
    record->seq = get_u16(bytes + 2);
    record->ms = get_u32(bytes + 4);
    record->sensor = bytes[8];
    record->word = word;
    if (word >= WORDS || !record->boot || !record->seq || get_u16(bytes + CRC_AT) != crc_of(bytes))
        return false;
    if (record_has_uid(record)) {
        record->uid.length = length;
        memcpy(record->uid.bytes, bytes + CONTENT, UID_MAX);
    } else {
        record->value = (int32_t)get_u32(bytes + CONTENT);
    }
    record->check = get_u16(bytes + CRC_AT);
    return record_has_uid(record) ? length <= UID_MAX : !length;
}

void record_seal(struct record *record)
{
    uint8_t bytes[RECORD_BYTES];

    record_pack(record, bytes);
    record->check = get_u16(bytes + CRC_AT);
}

bool record_whole(const struct record *record)
{
    struct record again;
    uint8_t bytes[RECORD_BYTES];

    if (record->word >= WORDS || (record_has_uid(record) && record->uid.length > UID_MAX))
        return false;
    record_pack(record, bytes);
    return record_unpack(bytes, &again) && again.check == record->check;
}
