#include "sense.h"

#include <string.h>

#define MEDIAN 5

static struct {
    uint16_t move;
    int16_t last[MEDIAN];
    uint8_t filled, next, away;
    int16_t told; // the place last told; valid once filled == MEDIAN
    int16_t newest;
    bool known;
} distance;

void distance_clear(void)
{
    memset(&distance, 0, sizeof distance);
    distance.move = 30;
}

static int16_t median(void)
{
    int16_t sorted[MEDIAN];

    for (uint8_t i = 0; i < MEDIAN; i++) {
        uint8_t at = i;
        for (; at && sorted[at - 1] > distance.last[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = distance.last[i];
    }
    return sorted[MEDIAN / 2];
}

static void judge_distance(uint32_t ms, int16_t mm)
{
    int16_t moved = mm - distance.told;

    if ((uint16_t)(moved < 0 ? -moved : moved) < distance.move) {
        distance.away = 0;
    } else if (++distance.away == 2) {
        distance.away = 0;
        distance.told = mm;
        ring_push(ms, SENSE_DISTANCE, WORD_MOVE, mm);
    }
}

void distance_sense(uint32_t ms, int16_t mm)
{
    distance.newest = mm;
    distance.known = true;
    sense_fault(ms, SENSE_DISTANCE, mm == DISTANCE_STUCK ? FAULT_STUCK : FAULT_NONE);
    if (mm < 0)
        return;
    distance.last[distance.next] = mm;
    distance.next = distance.next == MEDIAN - 1 ? 0 : distance.next + 1;
    if (distance.filled == MEDIAN) {
        distance.newest = median();
        judge_distance(ms, distance.newest);
    } else if (++distance.filled == MEDIAN) {
        distance.told = median();
    }
}

bool distance_newest(int32_t *value)
{
    *value = distance.newest;
    return distance.known;
}

bool distance_set(const char *limit, uint32_t value)
{
    if (strcmp(limit, "move") != 0 || value < 10 || value > 4000)
        return false;
    distance.move = (uint16_t)value;
    return true;
}
