#include "sense.h"

#include <string.h>

#define QUIET_MS 100
#define REARM_MS 800
#define BURST_MS 1000

static struct {
    uint16_t enough;
    uint16_t edges; // of the burst so far
    bool armed;
    uint32_t first_ms, last_ms;
} shake;

void shake_clear(void)
{
    memset(&shake, 0, sizeof shake);
    shake.enough = 5;
    shake.armed = true;
}

static void end_burst(uint32_t ms)
{
    if (shake.armed && shake.edges >= shake.enough) {
        ring_push(ms, SENSE_SHAKE, WORD_SHAKE, shake.edges);
        shake.armed = false; // a running tractor is told once, not once a second
    }
    shake.edges = 0;
}

void shake_sense(uint32_t ms, uint16_t edges)
{
    if (edges) {
        if (!shake.edges)
            shake.first_ms = ms;
        shake.last_ms = ms;
        shake.edges = UINT16_MAX - shake.edges < edges ? UINT16_MAX : shake.edges + edges;
    }
    uint32_t quiet_ms = ms - shake.last_ms;
    if (quiet_ms >= REARM_MS)
        shake.armed = true;
    if (!shake.edges)
        return;
    // Too few edges stay open for the whole second: they may be the start of more.
    bool done = shake.edges >= shake.enough && quiet_ms >= QUIET_MS;
    if (done || ms - shake.first_ms >= BURST_MS)
        end_burst(ms);
}

bool shake_set(const char *limit, uint32_t value)
{
    if (strcmp(limit, "edges") != 0 || value < 1 || value > 1000)
        return false;
    shake.enough = (uint16_t)value;
    return true;
}
