#include "dht.h"

#include <stdbool.h>

#include "hal.h"

#define LOW_MS 20       // long enough for both kinds
#define PHASE_MAX_US 120 // the longest, the answer's 80 us, and an interrupt or two
#define ONE_US 48       // between the 26 us of a 0 and the 70 us of a 1
#define BYTES 5

static bool asking; // the line is held low
static uint32_t since_ms;

void dht_start(uint32_t ms)
{
    hal_pull(HAL_DHT, false);
    asking = false;
    since_ms = ms;
}

// How long the line stays at this level, in us; 0 when longer than any phase.
static uint8_t phase(bool high)
{
    uint32_t began_us = hal_us();

    while (hal_read(HAL_DHT) == high)
        if (hal_us() - began_us > PHASE_MAX_US)
            return 0;
    uint32_t us = hal_us() - began_us;
    return us ? (uint8_t)us : 1; // the clock has steps of 4 us
}

static bool listen(uint8_t bytes[BYTES])
{
    hal_pull(HAL_DHT, false);
    // The pull-up's rise and 20 to 40 us high, then the answer: low, high, and 40 bits.
    if (!phase(true) || !phase(false) || !phase(true))
        return false;
    for (uint8_t bit = 0; bit < 8 * BYTES; bit++) {
        if (!phase(false))
            return false;
        uint8_t us = phase(true);
        if (!us)
            return false;
        bytes[bit >> 3] = (uint8_t)(bytes[bit >> 3] << 1 | (us > ONE_US));
    }
    return true;
}

static int16_t tenths(uint8_t whole, uint8_t tenth) { return (int16_t)(whole * 10 + tenth); }

// Range by the sheets; beyond it the bits are wrong, whatever their sum says.
static bool understand(enum dht_kind kind, const uint8_t *bytes, struct dht_reading *reading)
{
    if (kind == DHT11) {
        reading->permille = tenths(bytes[0], bytes[1]);
        reading->decicelsius = tenths(bytes[2], bytes[3]);
        return reading->permille <= 1000 && reading->decicelsius <= 600;
    }
    int16_t size = (int16_t)((bytes[2] & 0x7F) << 8 | bytes[3]);
    reading->permille = (int16_t)(bytes[0] << 8 | bytes[1]);
    reading->decicelsius = bytes[2] & 0x80 ? (int16_t)-size : size;
    return reading->permille >= 0 && reading->permille <= 1000 && reading->decicelsius >= -400 &&
           reading->decicelsius <= 1250;
}

static enum dht_news take_answer(enum dht_kind kind, struct dht_reading *reading)
{
    uint8_t bytes[BYTES] = {0};
    struct dht_reading heard;

    if (!listen(bytes))
        return DHT_AWAY;
    if ((uint8_t)(bytes[0] + bytes[1] + bytes[2] + bytes[3]) != bytes[4])
        return DHT_GARBLED;
    if (!understand(kind, bytes, &heard))
        return DHT_GARBLED;
    *reading = heard;
    return DHT_READ;
}

enum dht_news dht_step(enum dht_kind kind, uint32_t ms, struct dht_reading *reading)
{
    if (!asking && ms - since_ms >= DHT_CYCLE_MS) {
        hal_pull(HAL_DHT, true);
        asking = true;
        since_ms = ms;
    } else if (asking && ms - since_ms >= LOW_MS) {
        asking = false;
        return take_answer(kind, reading);
    }
    return DHT_NOTHING;
}
