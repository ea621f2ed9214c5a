#include "sense.h"

#include <string.h>

#define STEADY 3 // readings, two seconds apart

struct trend {
    uint16_t step;
    int16_t newest, told;
    uint8_t away; // readings in a row that are a step from the one told
    bool known;
};
static struct trend temperature, humidity;

void climate_clear(void)
{
    memset(&temperature, 0, sizeof temperature);
    memset(&humidity, 0, sizeof humidity);
    temperature.step = 10;
    humidity.step = 50;
}

// The first reading is told by no event: S shows it.
static void judge(uint32_t ms, uint8_t sensor, struct trend *trend, int16_t value)
{
    int16_t change = value - trend->told;

    trend->newest = value;
    if (!trend->known) {
        trend->known = true;
        trend->told = value;
    } else if ((uint16_t)(change < 0 ? -change : change) < trend->step) {
        trend->away = 0;
    } else if (++trend->away == STEADY) {
        trend->away = 0;
        trend->told = value;
        ring_push(ms, sensor, WORD_CHANGE, value);
    }
}

void climate_sense(uint32_t ms, int16_t decicelsius, int16_t permille)
{
    judge(ms, SENSE_TEMPERATURE, &temperature, decicelsius);
    judge(ms, SENSE_HUMIDITY, &humidity, permille);
}

static bool newest(uint8_t sensor, const struct trend *trend, int32_t *value)
{
    *value = trend->newest;
    return trend->known && !sense_fault_of(sensor);
}

static bool set(struct trend *trend, const char *limit, uint32_t value)
{
    if (strcmp(limit, "step") != 0 || value < 1 || value > 1000)
        return false;
    trend->step = (uint16_t)value;
    return true;
}

bool temperature_newest(int32_t *value) { return newest(SENSE_TEMPERATURE, &temperature, value); }

bool temperature_set(const char *limit, uint32_t value) { return set(&temperature, limit, value); }

bool humidity_newest(int32_t *value) { return newest(SENSE_HUMIDITY, &humidity, value); }

bool humidity_set(const char *limit, uint32_t value) { return set(&humidity, limit, value); }
