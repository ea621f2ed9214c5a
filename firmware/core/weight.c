#include "sense.h"

#include <string.h>

#define WEIGHT_BAND 600

static struct {
    uint16_t step;
    int32_t last[3];
    uint8_t filled;
    bool rested;
    int32_t rest;
} weight;

void weight_clear(void)
{
    memset(&weight, 0, sizeof weight);
    weight.step = 2000;
}

static bool weight_stable(void)
{
    int32_t low = weight.last[0], high = weight.last[0];

    for (uint8_t i = 1; i < 3; i++) {
        if (weight.last[i] < low)
            low = weight.last[i];
        if (weight.last[i] > high)
            high = weight.last[i];
    }
    return weight.filled == 3 && high - low <= WEIGHT_BAND;
}

static int32_t weight_middle(void)
{
    int32_t a = weight.last[0], b = weight.last[1], c = weight.last[2];
    int32_t low = a < b ? a : b, high = a < b ? b : a;

    return c < low ? low : c > high ? high : c;
}

static void judge_weight(uint32_t ms, int32_t counts)
{
    int32_t change = counts - weight.rest;

    if (change >= (int32_t)weight.step || -change >= (int32_t)weight.step) {
        weight.rest = counts;
        ring_push(ms, SENSE_WEIGHT, change < 0 ? WORD_TAKE : WORD_PUT, change);
    } else if (change) {
        weight.rest += change < 0 ? -1 : 1; // drift by heat and creep; theft is faster
    }
}

void weight_sense(uint32_t ms, int32_t counts)
{
    weight.last[0] = weight.last[1];
    weight.last[1] = weight.last[2];
    weight.last[2] = counts;
    if (weight.filled < 3)
        weight.filled++;
    if (!weight_stable())
        return;
    int32_t middle = weight_middle();
    if (weight.rested)
        judge_weight(ms, middle);
    else
        weight.rest = middle;
    weight.rested = true;
}

bool weight_newest(int32_t *value)
{
    *value = weight.last[2];
    return weight.filled && !sense_fault_of(SENSE_WEIGHT);
}

bool weight_set(const char *limit, uint32_t value)
{
    if (strcmp(limit, "step") != 0 || value < WEIGHT_BAND || value > 60000)
        return false;
    weight.step = (uint16_t)value;
    return true;
}
