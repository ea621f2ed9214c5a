#include "pending.h"

#include "ring.h"
#include "spill.h"

static uint16_t this_boot;
static struct {
    const struct record *record; // in the ring
    uint16_t boot, seq;
    bool is_copy;
} moving; // what is being written
static struct {
    uint16_t boot, seq;
    uint32_t ms;
} copied; // newest event of which there is a copy, and when the last one was begun
static uint8_t parted; // of ring_lost(), when copies were last told from records

static bool waits(uint16_t boot, uint16_t seq)
{
    for (uint8_t place = 0; place < ring_count(); place++)
        if (ring_at(place)->boot == boot && ring_at(place)->seq == seq)
            return true;
    return false;
}

void pending_start(uint16_t boot)
{
    this_boot = boot;
    ring_start(boot);
    spill_start();
    spill_part(waits); // a reset, unlike a power cut, left the ring
    copied.boot = copied.seq = 0;
    copied.ms = 0;
    parted = 0;
}

uint8_t pending_count(void) { return spill_count() + ring_count(); }

bool pending_at(uint8_t place, struct record *record)
{
    uint8_t spilled = spill_count();

    if (place < spilled)
        return spill_at(place, record);
    *record = *ring_at(place - spilled);
    return true;
}

uint8_t pending_drop(uint16_t boot, uint16_t seq)
{
    if (ring_is_ahead(boot, seq))
        return 0;
    return spill_drop(boot, seq) + ring_drop(boot, seq);
}

uint32_t pending_lost(void) { return ring_lost() + spill_lost(); }

static bool due(uint32_t ms, bool at_once)
{
    if (!ring_count())
        return false;
    const struct record *oldest = ring_at(0);
    return at_once || oldest->boot != this_boot || ms - oldest->ms >= SPILL_AFTER_MS ||
           ring_count() >= RING_SLOTS / 4 * 3;
}

// Is what is being written still in the ring, and where it was?  It may be acknowledged,
// overwritten, or moved up because others were acknowledged.
static bool still_waits(void)
{
    for (uint8_t place = 0; place < ring_count(); place++)
        if (ring_at(place) == moving.record)
            return moving.record->boot == moving.boot && moving.record->seq == moving.seq;
    return false;
}

static void note(const struct record *record, bool is_copy)
{
    moving.record = record;
    moving.boot = record->boot;
    moving.seq = record->seq;
    moving.is_copy = is_copy;
}

static void copy_newest(uint32_t ms)
{
    const struct record *newest = ring_at(ring_count() - 1);

    if (newest->boot == copied.boot && newest->seq == copied.seq)
        return;
    if (ms - copied.ms < COPY_PAUSE_MS || !spill_copy(newest))
        return;
    note(newest, true);
    copied.ms = ms;
}

static void begin_one(uint32_t ms, bool at_once)
{
    if (!due(ms, at_once))
        return;
    if (!spill_free()) {
        copy_newest(ms);
        return;
    }
    note(ring_at(0), false);
    spill_begin(moving.record);
}

void pending_step(uint32_t ms, bool at_once)
{
    if (parted != (uint8_t)ring_lost()) {
        parted = (uint8_t)ring_lost();
        spill_part(waits);
    }
    if (spill_busy() && !still_waits())
        spill_abandon();
    if (!spill_busy())
        begin_one(ms, at_once);
    if (!spill_step())
        return;
    if (moving.is_copy) {
        copied.boot = moving.boot;
        copied.seq = moving.seq;
    } else {
        ring_drop_oldest();
    }
}
