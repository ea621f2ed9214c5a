#include "parts.h"

#include "dht.h"
#include "hal.h"
#include "hcsr04.h"
#include "hx711.h"
#include "ldr.h"
#include "probe.h"
#include "rc522.h"
#include "sense.h"
#include "sw420.h"

#define FAST_MS 10          // light and vibration
#define LEVEL_MS 100
#define WEIGHT_LOST_MS 1000 // ten samples missing
#define READER_LOST 3       // rounds without a chip
#define CLIMATE_LOST 3      // readings in a row: single ones fail in every farm yard

#ifdef CLIMATE_DHT11
#define CLIMATE_KIND DHT11
#else
#define CLIMATE_KIND DHT22
#endif

// Is it time again?  Then it is from now on.
static bool due(uint32_t ms, uint32_t *last_ms, uint16_t period_ms)
{
    if (ms - *last_ms < period_ms)
        return false;
    *last_ms = ms;
    return true;
}

// ---- light, vibration, distance ------------------------------------------------------

static uint32_t light_ms, shake_ms, ping_ms;

static void start_light(uint32_t ms)
{
    light_ms = ms;
    light_clear();
}

static void step_light(uint32_t ms)
{
    if (due(ms, &light_ms, FAST_MS))
        light_sense(ms, ldr_read());
}

static void start_shake(uint32_t ms)
{
    shake_ms = ms;
    shake_clear();
}

static void step_shake(uint32_t ms)
{
    if (due(ms, &shake_ms, FAST_MS))
        shake_sense(ms, sw420_edges());
}

static void start_distance(uint32_t ms)
{
    ping_ms = ms;
    distance_clear();
    hcsr04_clear();
}

static void step_distance(uint32_t ms)
{
    int16_t mm;

    if (due(ms, &ping_ms, HCSR04_CYCLE_MS) && hcsr04_cycle(&mm))
        distance_sense(ms, mm);
}

const struct part part_light = {SENSE_LIGHT, start_light, step_light, light_newest, light_set};
const struct part part_shake = {SENSE_SHAKE, start_shake, step_shake, sense_no_value, shake_set};
const struct part part_distance = {SENSE_DISTANCE, start_distance, step_distance, distance_newest,
                                   distance_set};

// ---- weight --------------------------------------------------------------------------

static uint32_t weighed_ms;

static void start_weight(uint32_t ms)
{
    weighed_ms = ms;
    weight_clear();
    hx711_start();
}

static void step_weight(uint32_t ms)
{
    int32_t counts;

    if (hx711_read(&counts)) {
        bool saturated = counts == HX711_LOW || counts == HX711_HIGH;
        weighed_ms = ms;
        sense_fault(ms, SENSE_WEIGHT, saturated ? FAULT_STUCK : FAULT_NONE);
        if (!saturated)
            weight_sense(ms, counts);
    } else if (due(ms, &weighed_ms, WEIGHT_LOST_MS)) {
        sense_fault(ms, SENSE_WEIGHT, FAULT_ABSENT);
    }
}

const struct part part_weight = {SENSE_WEIGHT, start_weight, step_weight, weight_newest,
                                 weight_set};

// ---- tags ----------------------------------------------------------------------------

static struct {
    struct rc522 chip;
    uint8_t away; // rounds without a chip
} readers[READERS];

static void start_reader(uint8_t reader, uint32_t ms)
{
    readers[reader].away = 0;
    tags_clear(reader);
    rc522_start(&readers[reader].chip, ms);
}

static void lose_reader(uint32_t ms, uint8_t reader)
{
    tags_hold(ms, reader);
    if (readers[reader].away < READER_LOST && ++readers[reader].away == READER_LOST)
        sense_fault(ms, SENSE_TAG + reader, FAULT_ABSENT);
}

static void find_reader(uint32_t ms, uint8_t reader)
{
    if (readers[reader].away == READER_LOST)
        sense_fault(ms, SENSE_TAG + reader, FAULT_NONE);
    readers[reader].away = 0;
}

static void step_reader(uint8_t reader, uint32_t ms)
{
    struct uid uid;
    enum rc522_news news = rc522_step(&readers[reader].chip, ms, &uid);

    if (news == RC522_NOTHING)
        return;
    if (news == RC522_AWAY) {
        lose_reader(ms, reader);
        return;
    }
    find_reader(ms, reader);
    if (news == RC522_FOUND)
        tags_sense(ms, reader, &uid);
    else
        tags_age(ms, reader);
}

static void start_tags(uint32_t ms)
{
    readers[0].chip.reset = HAL_RC_RESET;
    readers[0].chip.select = HAL_RC_SELECT;
    start_reader(0, ms);
}

static void step_tags(uint32_t ms) { step_reader(0, ms); }

const struct part part_tags = {SENSE_TAG, start_tags, step_tags, sense_no_value, sense_no_limit};

#if READERS > 1
static void start_tags_2(uint32_t ms)
{
    readers[1].chip.reset = HAL_RC_RESET_2;
    readers[1].chip.select = HAL_RC_SELECT_2;
    start_reader(1, ms);
}

static void step_tags_2(uint32_t ms) { step_reader(1, ms); }

const struct part part_tags_2 = {SENSE_TAG_2, start_tags_2, step_tags_2, sense_no_value,
                                 sense_no_limit};
#endif

// ---- temperature and humidity --------------------------------------------------------

static uint8_t climate_bad; // readings in a row

static void start_climate(uint32_t ms)
{
    climate_bad = 0;
    climate_clear();
    dht_start(ms);
}

static void tell_climate_fault(uint32_t ms, int8_t code)
{
    sense_fault(ms, SENSE_TEMPERATURE, code);
    sense_fault(ms, SENSE_HUMIDITY, code);
}

static void step_climate(uint32_t ms)
{
    struct dht_reading reading;
    enum dht_news news = dht_step(CLIMATE_KIND, ms, &reading);

    if (news == DHT_READ) {
        climate_bad = 0;
        tell_climate_fault(ms, FAULT_NONE);
        climate_sense(ms, reading.decicelsius, reading.permille);
    } else if (news != DHT_NOTHING && climate_bad < CLIMATE_LOST && ++climate_bad == CLIMATE_LOST) {
        tell_climate_fault(ms, news == DHT_AWAY ? FAULT_ABSENT : FAULT_GARBLED);
    }
}

static void with_temperature(uint32_t ms) { (void)ms; }

const struct part part_temperature = {SENSE_TEMPERATURE, start_climate, step_climate,
                                      temperature_newest, temperature_set};
const struct part part_humidity = {SENSE_HUMIDITY, with_temperature, with_temperature,
                                   humidity_newest, humidity_set};

// ---- level ---------------------------------------------------------------------------

static uint32_t level_ms;

static void start_level(uint32_t ms)
{
    level_ms = ms;
    level_clear();
}

static void step_level(uint32_t ms)
{
    uint16_t counts;

    if (!due(ms, &level_ms, LEVEL_MS))
        return;
    enum probe_state state = probe_read(&counts);
    if (state == PROBE_WELL) {
        sense_fault(ms, SENSE_LEVEL, FAULT_NONE);
        level_sense(ms, counts);
    } else {
        sense_fault(ms, SENSE_LEVEL, state == PROBE_OPEN ? FAULT_ABSENT : FAULT_STUCK);
    }
}

const struct part part_level = {SENSE_LEVEL, start_level, step_level, level_newest, level_set};
