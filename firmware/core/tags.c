#include "sense.h"

#include <string.h>

#define TAG_HOLD_MS 2000

struct tag {
    struct uid uid; // length 0 = free place
    uint32_t seen_ms;
};
static struct tag tags[READERS][TAGS_MAX];

void tags_clear(uint8_t reader) { memset(tags[reader], 0, sizeof tags[reader]); }

static bool same_uid(const struct uid *a, const struct uid *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

void tags_sense(uint32_t ms, uint8_t reader, const struct uid *uid)
{
    struct tag *free = 0;

    for (struct tag *tag = tags[reader]; tag < tags[reader] + TAGS_MAX; tag++) {
        if (!tag->uid.length) {
            free = tag;
        } else if (same_uid(&tag->uid, uid)) {
            tag->seen_ms = ms;
            return;
        }
    }
    if (!free) {
        sense_fault(ms, SENSE_TAG + reader, FAULT_CROWDED);
        return;
    }
    free->uid = *uid;
    free->seen_ms = ms;
    ring_push_tag(ms, SENSE_TAG + reader, WORD_IN, uid);
}

void tags_age(uint32_t ms, uint8_t reader)
{
    uint8_t sensor = SENSE_TAG + reader;

    for (struct tag *tag = tags[reader]; tag < tags[reader] + TAGS_MAX; tag++) {
        if (!tag->uid.length || ms - tag->seen_ms < TAG_HOLD_MS)
            continue;
        ring_push_tag(ms, sensor, WORD_OUT, &tag->uid);
        tag->uid.length = 0;
        if (sense_fault_of(sensor) == FAULT_CROWDED)
            sense_fault(ms, sensor, FAULT_NONE);
    }
}

void tags_hold(uint32_t ms, uint8_t reader)
{
    for (struct tag *tag = tags[reader]; tag < tags[reader] + TAGS_MAX; tag++)
        tag->seen_ms = ms;
}
