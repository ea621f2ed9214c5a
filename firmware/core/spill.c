#include "spill.h"

#include <string.h>

#include "hal.h"

#define MARK_AT (RECORD_BYTES - 1) // written last: until then the slot is as empty as before
#define COPY 0x80                  // in the mark: it was the ring's newest
#define EMPTY 0xFF
#define NO_SLOT SPILL_SLOTS
#define BITS ((SPILL_SLOTS + 7) / 8)

static struct {
    uint8_t held[BITS];  // a record that was moved here waits in this slot
    uint8_t late[BITS];  // a copy without original: told after all of these
    uint8_t twin[BITS];  // a copy whose original waits in the ring: not told from here
    uint8_t stale[BITS]; // a dropped record's mark must be erased
    uint8_t oldest;      // slot of the oldest record held
    uint8_t span;        // slots from it to the youngest, those dropped between included
    uint16_t lost;
} spill;
static struct {
    const struct record *record;
    uint8_t slot, next;
    bool is_copy;
} writing; // no record = nothing is being written

static bool is(const uint8_t bits[BITS], uint8_t slot) { return bits[slot >> 3] >> (slot & 7) & 1; }

static void set(uint8_t bits[BITS], uint8_t slot, bool to)
{
    uint8_t mask = (uint8_t)(1 << (slot & 7));

    bits[slot >> 3] = (uint8_t)(to ? bits[slot >> 3] | mask : bits[slot >> 3] & ~mask);
}

static uint16_t address_of(uint8_t slot) { return SPILL_BEGIN + (uint16_t)slot * RECORD_BYTES; }

static uint8_t slot_after(uint8_t slot, uint8_t count)
{
    uint8_t after = slot + count;
    return after >= SPILL_SLOTS ? after - SPILL_SLOTS : after;
}

static uint16_t read_u16(uint16_t address)
{
    return (uint16_t)(hal_eeprom_read(address) | (uint16_t)hal_eeprom_read(address + 1) << 8);
}

static uint16_t boot_of(uint8_t slot) { return read_u16(address_of(slot)); }

static uint16_t seq_of(uint8_t slot) { return read_u16(address_of(slot) + 2); }

static bool read_slot(uint8_t slot, struct record *record)
{
    uint8_t bytes[RECORD_BYTES];
    uint16_t address = address_of(slot);

    if (hal_eeprom_read(address + MARK_AT) == EMPTY)
        return false;
    for (uint8_t i = 0; i < RECORD_BYTES; i++)
        bytes[i] = hal_eeprom_read(address + i);
    bytes[MARK_AT] &= (uint8_t)~COPY;
    return record_unpack(bytes, record);
}

static bool is_copy(uint8_t slot) { return hal_eeprom_read(address_of(slot) + MARK_AT) & COPY; }

static bool older(uint8_t a, uint8_t b)
{
    uint16_t boot = boot_of(a), other = boot_of(b);

    return boot == other ? (int16_t)(seq_of(a) - seq_of(b)) < 0 : (int16_t)(boot - other) < 0;
}

static bool told(uint8_t slot) { return is(spill.held, slot) || is(spill.late, slot); }

// ---- what lies where -----------------------------------------------------------------

// The oldest begins the order and the one farthest behind it ends it.
static void find_ends(void)
{
    uint8_t first = NO_SLOT;

    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        if (is(spill.held, slot) && (first == NO_SLOT || older(slot, first)))
            first = slot;
    if (first == NO_SLOT)
        return;
    spill.oldest = first;
    for (uint8_t place = 0; place < SPILL_SLOTS; place++)
        if (is(spill.held, slot_after(first, place)))
            spill.span = place + 1;
}

static void skip_dropped(void)
{
    while (spill.span && !is(spill.held, spill.oldest)) {
        spill.oldest = slot_after(spill.oldest, 1);
        spill.span--;
    }
}

void spill_start(void)
{
    struct record record;

    writing.record = 0;
    memset(&spill, 0, sizeof spill);
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        if (read_slot(slot, &record))
            set(is_copy(slot) ? spill.late : spill.held, slot, true);
    find_ends();
}

void spill_part(bool (*waits)(uint16_t boot, uint16_t seq))
{
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++) {
        if (!told(slot) && !is(spill.twin, slot))
            continue;
        bool is_twin = waits(boot_of(slot), seq_of(slot));
        if (is_twin)
            set(spill.held, slot, false);
        set(spill.twin, slot, is_twin);
        set(spill.late, slot, !is_twin && !is(spill.held, slot));
    }
    skip_dropped();
}

uint8_t spill_count(void)
{
    uint8_t count = 0;

    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        count += told(slot);
    return count;
}

uint16_t spill_lost(void) { return spill.lost; }

bool spill_at(uint8_t place, struct record *record)
{
    for (uint8_t i = 0; i < spill.span; i++) {
        uint8_t slot = slot_after(spill.oldest, i);
        if (is(spill.held, slot) && place-- == 0)
            return read_slot(slot, record);
    }
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        if (is(spill.late, slot) && place-- == 0)
            return read_slot(slot, record);
    return false;
}

static void drop(uint8_t slot)
{
    set(spill.held, slot, false);
    set(spill.late, slot, false);
    set(spill.twin, slot, false);
    set(spill.stale, slot, true);
}

static void drop_twins(uint16_t boot, uint16_t seq)
{
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        if (is(spill.twin, slot) && boot_of(slot) == boot && (int16_t)(seq - seq_of(slot)) >= 0)
            drop(slot);
}

uint8_t spill_drop(uint16_t boot, uint16_t seq)
{
    struct record record;
    uint8_t dropped = 0;

    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++) {
        if (!told(slot))
            continue;
        bool whole = read_slot(slot, &record);
        if (whole && (record.boot != boot || (int16_t)(seq - record.seq) < 0))
            continue;
        drop(slot); // also what the EEPROM no longer gives back
        dropped++;
    }
    drop_twins(boot, seq);
    skip_dropped();
    return dropped;
}

// ---- writing -------------------------------------------------------------------------

static bool is_free(uint8_t slot) { return !told(slot) && !is(spill.twin, slot); }

// The next slot behind the youngest record: the order of the slots is that of the records.
static uint8_t next_slot(void)
{
    for (uint8_t place = spill.span; place < SPILL_SLOTS; place++)
        if (is_free(slot_after(spill.oldest, place)))
            return slot_after(spill.oldest, place);
    return NO_SLOT;
}

static uint8_t any_slot(void)
{
    for (uint8_t slot = 0; next_slot() == NO_SLOT && slot < SPILL_SLOTS; slot++)
        if (is_free(slot))
            return slot;
    return next_slot();
}

static bool is_outlived(uint8_t slot)
{
    for (uint8_t other = 0; other < SPILL_SLOTS; other++)
        if (told(other) && boot_of(other) == boot_of(slot) && older(slot, other))
            return true;
    return false;
}

// The youngest record that a younger one of its start outlives: the fog counts it as a gap.
static bool give_one_up(void)
{
    uint8_t found = NO_SLOT;

    for (uint8_t place = 0; place < spill.span; place++) {
        uint8_t slot = slot_after(spill.oldest, place);
        if (is(spill.held, slot) && is_outlived(slot))
            found = slot;
    }
    for (uint8_t slot = 0; slot < SPILL_SLOTS; slot++)
        if (is(spill.late, slot) && is_outlived(slot))
            found = slot;
    if (found == NO_SLOT)
        return false;
    drop(found);
    skip_dropped();
    spill.lost++;
    return true;
}

bool spill_free(void)
{
    return !writing.record && spill_count() < SPILL_KEEPS && next_slot() != NO_SLOT;
}

static void begin(const struct record *record, uint8_t slot, bool is_copy)
{
    writing.record = record;
    writing.slot = slot;
    writing.next = 0;
    writing.is_copy = is_copy;
}

void spill_begin(const struct record *record) { begin(record, next_slot(), false); }

bool spill_copy(const struct record *record)
{
    if (any_slot() == NO_SLOT && !give_one_up())
        return false;
    begin(record, any_slot(), true);
    return true;
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

static void writing_done(void)
{
    uint8_t slot = writing.slot;

    drop_twins(writing.record->boot, writing.record->seq); // what is written outlives them
    writing.record = 0;
    if (writing.is_copy) {
        set(spill.twin, slot, true);
        return;
    }
    set(spill.held, slot, true);
    if (!spill.span)
        spill.oldest = slot;
    spill.span = (slot >= spill.oldest ? slot : slot + SPILL_SLOTS) - spill.oldest + 1;
}

bool spill_step(void)
{
    uint8_t bytes[RECORD_BYTES];

    if (!hal_eeprom_ready() || erase_one() || !writing.record)
        return false;
    if (writing.next < RECORD_BYTES) {
        record_pack(writing.record, bytes); // each time anew: 0.2 ms are cheaper than 20 bytes
        if (writing.is_copy)
            bytes[MARK_AT] |= COPY;
        write_byte(address_of(writing.slot) + writing.next, bytes[writing.next]);
        writing.next++;
        return false;
    }
    writing_done(); // the last byte is written too: the EEPROM was ready again
    return true;
}
