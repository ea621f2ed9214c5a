// One event, in SRAM and in the EEPROM: it knows the start it belongs to, so that it can be
// told after the next one.
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#define UID_MAX 7
#define RECORD_BYTES 20 // packed

enum word {
    WORD_OPEN,
    WORD_CLOSE,
    WORD_SHAKE,
    WORD_MOVE,
    WORD_TAKE,
    WORD_PUT,
    WORD_IN,
    WORD_OUT,
    WORD_FAULT,
    WORD_CHANGE,
    WORD_RISE,
    WORD_FALL,
    WORD_PART,
    WORD_SCAN,
    WORDS, // at most 16
};

// A tag's own number as it came over the air, or a piece of a scan.  The length belongs to
// it: 04A1B2C3 and 04A1B2C3000000 are two tags.
struct uid {
    uint8_t length; // of a tag 4 or 7, of a piece 1 to 7
    uint8_t bytes[UID_MAX];
};

struct record {
    uint32_t ms;
    uint16_t boot;
    uint16_t seq; // 1..65535, then 1 again
    uint8_t sensor;
    uint8_t word;
    union {
        int32_t value;
        struct uid uid; // when record_has_uid
    };
    uint16_t check; // of the packed record: SRAM may survive a reset, or may not
};

// Is the content bytes: a tag's UID, or a piece of a scan?
bool record_has_uid(const struct record *record);
// Sets the check.
void record_seal(struct record *record);
// Is it as it was sealed?
bool record_whole(const struct record *record);

// As it lies in the EEPROM: boot 2, seq 2, ms 4, sensor 1, value or UID 8 (low byte first),
// CRC-16 2, mark 1 = word + 16 x UID length.  No mark is 0xFF: an empty slot.
void record_pack(const struct record *record, uint8_t bytes[RECORD_BYTES]);
// False, with *record undefined, when the slot is empty or not whole.
bool record_unpack(const uint8_t bytes[RECORD_BYTES], struct record *record);

#endif
