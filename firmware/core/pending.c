#include "pending.h"

#include "ring.h"
#include "spill.h"

static uint16_t this_boot, moving_boot, moving_seq;

void pending_start(uint16_t boot)
{
    this_boot = boot;
    ring_start(boot);
    spill_start();
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
    return spill_drop(boot, seq) + ring_drop(boot, seq);
}

static bool due(uint32_t ms, bool at_once)
{
    if (!ring_count())
        return false;
    const struct record *oldest = ring_at(0);
    return at_once || oldest->boot != this_boot || ms - oldest->ms >= SPILL_AFTER_MS ||
           ring_count() >= RING_SLOTS / 4 * 3;
}

// Is what is being written still the ring's oldest?  It may be acknowledged or overwritten.
static bool moving_oldest(void)
{
    return ring_count() && ring_at(0)->boot == moving_boot && ring_at(0)->seq == moving_seq;
}

void pending_step(uint32_t ms, bool at_once)
{
    if (spill_busy() && !moving_oldest())
        spill_abandon();
    if (spill_free() && due(ms, at_once)) {
        moving_boot = ring_at(0)->boot;
        moving_seq = ring_at(0)->seq;
        spill_begin(ring_at(0));
    }
    if (spill_step())
        ring_drop_oldest();
}
