#include "sense.h"

#include <string.h>

#define HOLD_MS 150

static struct {
    uint16_t on, off;
    bool open, waiting;
    uint32_t since_ms;
    uint16_t newest;
} light;

void light_clear(void)
{
    memset(&light, 0, sizeof light);
    light.on = 600;
    light.off = 400;
}

void light_sense(uint32_t ms, uint16_t counts)
{
    light.newest = counts;
    if (light.open ? counts > light.off : counts < light.on) {
        light.waiting = false;
        return;
    }
    if (!light.waiting) {
        light.waiting = true;
        light.since_ms = ms;
    }
    if (ms - light.since_ms < HOLD_MS)
        return;
    light.waiting = false;
    light.open = !light.open;
    ring_push(ms, SENSE_LIGHT, light.open ? WORD_OPEN : WORD_CLOSE, counts);
}

bool light_newest(int32_t *value)
{
    *value = light.newest;
    return true;
}

bool light_set(const char *limit, uint32_t value)
{
    if (strcmp(limit, "on") == 0 && value > light.off && value <= 1023)
        light.on = (uint16_t)value;
    else if (strcmp(limit, "off") == 0 && value < light.on)
        light.off = (uint16_t)value;
    else
        return false;
    return true;
}
