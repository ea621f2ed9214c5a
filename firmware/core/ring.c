#include "ring.h"

static struct record slots[RING_SLOTS];
static uint8_t oldest;
static uint8_t count;
static uint16_t newest_seq;
static uint32_t lost;

static uint8_t slot_of(uint8_t place)
{
    uint8_t slot = oldest + place;
    return slot >= RING_SLOTS ? slot - RING_SLOTS : slot;
}

static void drop_oldest(void)
{
    oldest = slot_of(1);
    count--;
}

void ring_clear(void)
{
    oldest = count = 0;
    newest_seq = 0;
    lost = 0;
}

// A fresh record at the young end.
static struct record *add(uint32_t ms, uint8_t sensor, enum word word)
{
    if (count == RING_SLOTS) {
        drop_oldest();
        lost++;
    }
    newest_seq = newest_seq == UINT16_MAX ? 1 : newest_seq + 1; // 0 means unsequenced
    struct record *record = &slots[slot_of(count++)];
    record->ms = ms;
    record->seq = newest_seq;
    record->sensor = sensor;
    record->word = word;
    return record;
}

void ring_push(uint32_t ms, uint8_t sensor, enum word word, int32_t value)
{
    add(ms, sensor, word)->value = value;
}

void ring_push_tag(uint32_t ms, uint8_t sensor, enum word word, const struct uid *uid)
{
    add(ms, sensor, word)->uid = *uid;
}

uint8_t ring_drop(uint16_t seq)
{
    uint8_t dropped = 0;

    // An acknowledgement from the future is a mistake of the other side: keep the evidence.
    if ((int16_t)(seq - newest_seq) > 0)
        return 0;
    while (count && (int16_t)(seq - slots[oldest].seq) >= 0) {
        drop_oldest();
        dropped++;
    }
    return dropped;
}

uint8_t ring_count(void) { return count; }

const struct record *ring_at(uint8_t place) { return &slots[slot_of(place)]; }

uint32_t ring_lost(void) { return lost; }
