#include "ring.h"

#include "hal.h"

// Not cleared at start, so that what a reset found here can be told after it.
static HAL_KEPT struct {
    struct record slots[RING_SLOTS];
    uint8_t oldest, count;
    uint8_t not_oldest, not_count; // complements: chance does not make both
} ring;
static uint16_t boot;
static uint16_t newest_seq;
static uint32_t lost;

static uint8_t slot_of(uint8_t place)
{
    uint8_t slot = ring.oldest + place;
    return slot >= RING_SLOTS ? slot - RING_SLOTS : slot;
}

static void set_bounds(uint8_t oldest, uint8_t count)
{
    ring.oldest = oldest;
    ring.count = count;
    ring.not_oldest = (uint8_t)~oldest;
    ring.not_count = (uint8_t)~count;
}

void ring_drop_oldest(void) { set_bounds(slot_of(1), ring.count - 1); }

static bool survived(void)
{
    if (ring.oldest >= RING_SLOTS || ring.count > RING_SLOTS)
        return false;
    if ((ring.oldest ^ ring.not_oldest) != 0xFF || (ring.count ^ ring.not_count) != 0xFF)
        return false;
    for (uint8_t place = 0; place < ring.count; place++)
        if (!record_whole(ring_at(place)))
            return false;
    return true;
}

void ring_start(uint16_t start)
{
    if (!survived())
        set_bounds(0, 0);
    boot = start;
    newest_seq = 0;
    lost = 0;
}

// A fresh record beyond the young end; its caller fills it and counts it in.
static struct record *begin(uint32_t ms, uint8_t sensor, enum word word)
{
    if (ring.count == RING_SLOTS) {
        ring_drop_oldest();
        lost++;
    }
    newest_seq = newest_seq == UINT16_MAX ? 1 : newest_seq + 1; // 0 means unsequenced
    struct record *record = &ring.slots[slot_of(ring.count)];
    record->ms = ms;
    record->boot = boot;
    record->seq = newest_seq;
    record->sensor = sensor;
    record->word = word;
    return record;
}

static void end(struct record *record)
{
    record_seal(record);
    set_bounds(ring.oldest, ring.count + 1); // last: a reset before it leaves the ring whole
}

void ring_push(uint32_t ms, uint8_t sensor, enum word word, int32_t value)
{
    struct record *record = begin(ms, sensor, word);

    record->value = value;
    end(record);
}

void ring_push_tag(uint32_t ms, uint8_t sensor, enum word word, const struct uid *uid)
{
    struct record *record = begin(ms, sensor, word);

    record->uid = *uid;
    end(record);
}

bool ring_is_ahead(uint16_t of_boot, uint16_t seq)
{
    return of_boot == boot && (int16_t)(seq - newest_seq) > 0;
}

uint8_t ring_drop(uint16_t of_boot, uint16_t seq)
{
    uint8_t kept = 0, count = ring.count;

    if (ring_is_ahead(of_boot, seq))
        return 0;
    for (uint8_t place = 0; place < count; place++) {
        const struct record *record = ring_at(place);
        if (record->boot == of_boot && (int16_t)(seq - record->seq) >= 0)
            continue;
        if (kept != place) // an older start's records may stay before those that go
            ring.slots[slot_of(kept)] = *record;
        kept++;
    }
    set_bounds(ring.oldest, kept);
    return (uint8_t)(count - kept);
}

uint8_t ring_count(void) { return ring.count; }

const struct record *ring_at(uint8_t place) { return &ring.slots[slot_of(place)]; }

uint32_t ring_lost(void) { return lost; }
