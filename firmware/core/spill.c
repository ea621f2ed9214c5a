#include "spill.h"

#include <string.h>

#include "hal.h"

#define MARK_AT (RECORD_BYTES - 1) // written last: until then the slot is as empty as before
#define EMPTY 0xFF
#define BITS ((SPILL_SLOTS + 7) / 8)

static struct {
    uint8_t held[BITS];  // a record waits in this slot
    uint8_t stale[BITS]; // a dropped record's mark must be erased
    uint8_t oldest;      // slot of the oldest record
    uint8_t span;        // slots from it to the youngest, those dropped between included
} spill;
static struct {
    const struct record *record;
    uint8_t slot, next;
} writing; // no record = nothing is being written

static bool is(const uint8_t bits[BITS], uint8_t slot) { return bits[slot >> 3] >> (slot & 7) & 1; }

static void set(uint8_t bits[BITS], uint8_t slot, bool to)
{
    uint8_t mask = (uint8_t)(1 << (slot & 7));

    bits[slot >> 3] = (uint8_t)(to ? bits[slot >> 3] | mask : bits[slot >> 3] & ~mask);
}

static void drop(uint8_t slot)
{
    set(spill.held, slot, false);
    set(spill.stale, slot, true);
}

static uint16_t address_of(uint8_t slot) { return SPILL_BEGIN + (uint16_t)slot * RECORD_BYTES; }

static uint8_t slot_after(uint8_t slot, uint8_t count)
{
    uint8_t after = slot + count;
    return after >= SPILL_SLOTS ? after - SPILL_SLOTS : after;
}

static bool read_slot(uint8_t slot, struct record *record)
{
    uint8_t bytes[RECORD_BYTES];
    uint16_t address = address_of(slot);

    if (hal_eeprom_read(address + MARK_AT) == EMPTY)
        return false;
    for (uint8_t i = 0; i < RECORD_BYTES; i++)
        bytes[i] = hal_eeprom_read(address + i);
    return record_unpack(bytes, record);
}

static bool older(const struct record *a, const struct record *b)
{
    return a->boot == b->boot ? (int16_t)(a->seq - b->seq) < 0 : (int16_t)(a->boot - b->boot) < 0;
}

// The oldest begins the order and the one farthest behind it ends it.
void spill_start(void)
{
    struct record record, first = {0};
    bool any = false;

    writing.record = 0;
    memset(&spill, 0, sizeof spill);
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++) {
        if (!read_slot(slot, &record))
            continue;
        set(spill.held, slot, true);
        if (any && !older(&record, &first))
            continue;
        any = true;
        first = record;
        spill.oldest = slot;
    }
    for (uint8_t place = 0; any && place < SPILL_SLOTS; place++)
        if (is(spill.held, slot_after(spill.oldest, place)))
            spill.span = place + 1;
}

uint8_t spill_count(void)
{
    uint8_t count = 0;

    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        count += is(spill.held, slot);
    return count;
}

bool spill_at(uint8_t place, struct record *record)
{
    for (uint8_t i = 0; i < spill.span; i++) {
        uint8_t slot = slot_after(spill.oldest, i);
        if (is(spill.held, slot) && place-- == 0)
            return read_slot(slot, record);
    }
    return false;
}

static void skip_dropped(void)
{
    while (spill.span && !is(spill.held, spill.oldest)) {
        spill.oldest = slot_after(spill.oldest, 1);
        spill.span--;
    }
}

uint8_t spill_drop(uint16_t boot, uint16_t seq)
{
    struct record record;
    uint8_t dropped = 0;

    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++) {
        if (!is(spill.held, slot))
            continue;
        bool whole = read_slot(slot, &record);
        if (whole && (record.boot != boot || (int16_t)(seq - record.seq) < 0))
            continue;
        drop(slot); // also what the EEPROM no longer gives back
        dropped++;
    }
    skip_dropped();
    return dropped;
}

bool spill_free(void) { return !writing.record && spill.span < SPILL_SLOTS; }

void spill_begin(const struct record *record)
{
    writing.record = record;
    writing.slot = slot_after(spill.oldest, spill.span);
    writing.next = 0;
}

void spill_abandon(void)
{
    if (writing.record && writing.next == RECORD_BYTES) // its mark may stand already
        set(spill.stale, writing.slot, true);
    writing.record = 0;
}

bool spill_busy(void) { return writing.record; }

// Bytes that match already cost no wear.
static void write_byte(uint16_t address, uint8_t byte)
{
    if (hal_eeprom_read(address) != byte)
        hal_eeprom_begin(address, byte);
}

static bool erase_one(void)
{
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++) {
        if (!is(spill.stale, slot))
            continue;
        set(spill.stale, slot, false);
        write_byte(address_of(slot) + MARK_AT, EMPTY);
        return true;
    }
    return false;
}

bool spill_step(void)
{
    uint8_t bytes[RECORD_BYTES];

    if (!hal_eeprom_ready() || erase_one() || !writing.record)
        return false;
    if (writing.next < RECORD_BYTES) {
        record_pack(writing.record, bytes); // each time anew: 0.2 ms are cheaper than 20 bytes
        write_byte(address_of(writing.slot) + writing.next, bytes[writing.next]);
        writing.next++;
        return false;
    }
    writing.record = 0; // the last byte is written too: the EEPROM was ready again
    set(spill.held, writing.slot, true);
    spill.span++;
    return true;
}
