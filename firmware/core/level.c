#include "sense.h"

#include <string.h>

#define STEADY 5 // readings, 0.1 s apart: sloshing is no level
#define BAND 8

static struct {
    uint16_t step;
    uint16_t low, high; // of the readings that may become a rest
    uint16_t newest;
    uint8_t steady; // how many of them
    bool known, rested;
    uint16_t rest;
} level;

void level_clear(void)
{
    memset(&level, 0, sizeof level);
    level.step = 20;
}

static void judge(uint32_t ms, uint16_t counts)
{
    int16_t change = (int16_t)(counts - level.rest);

    if (!level.rested) {
        level.rested = true;
        level.rest = counts;
    } else if ((uint16_t)(change < 0 ? -change : change) >= level.step) {
        level.rest = counts;
        ring_push(ms, SENSE_LEVEL, change < 0 ? WORD_FALL : WORD_RISE, counts);
    }
}

void level_sense(uint32_t ms, uint16_t counts)
{
    level.newest = counts;
    level.known = true;
    if (!level.steady || counts < level.low)
        level.low = counts;
    if (!level.steady || counts > level.high)
        level.high = counts;
    if (level.high - level.low > BAND) {
        level.steady = 0;
        return;
    }
    if (++level.steady < STEADY)
        return;
    level.steady = 0;
    judge(ms, (uint16_t)((level.low + level.high) >> 1));
}

bool level_newest(int32_t *value)
{
    *value = level.newest;
    return level.known && !sense_fault_of(SENSE_LEVEL);
}

bool level_set(const char *limit, uint32_t value)
{
    if (strcmp(limit, "step") != 0 || value <= BAND || value > 1000)
        return false;
    level.step = (uint16_t)value;
    return true;
}
