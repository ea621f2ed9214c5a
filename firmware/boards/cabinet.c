// The cabinet board: light, vibration, distance, weight and tags on one ATmega328P.
#include "board.h"
#include "deliver.h"
#include "frame.h"
#include "hal.h"
#include "hcsr04.h"
#include "hx711.h"
#include "ldr.h"
#include "rc522.h"
#include "ring.h"
#include "sense.h"
#include "settings.h"
#include "sw420.h"

#define FAST_MS 10          // light and vibration
#define WEIGHT_LOST_MS 1000 // ten samples missing
#define READER_LOST 3       // rounds without a chip

static uint32_t fast_ms, ping_ms, weighed_ms;
static uint8_t away_rounds;

void board_start(void)
{
    char id[ID_MAX + 1];
    uint32_t ms = hal_ms();

    settings_id(id);
    frame_identity(id, settings_count_start());
    ring_clear();
    sense_clear();
    hcsr04_clear();
    hx711_start();
    rc522_start(ms);
    deliver_start(ms);
    fast_ms = ping_ms = weighed_ms = ms;
    away_rounds = 0;
}

static void read_fast(uint32_t ms)
{
    if (ms - fast_ms < FAST_MS)
        return;
    fast_ms = ms;
    sense_light(ms, ldr_read());
    sense_shake(ms, sw420_edges());
}

static void read_distance(uint32_t ms)
{
    int16_t mm;

    if (ms - ping_ms < HCSR04_CYCLE_MS)
        return;
    ping_ms = ms;
    if (hcsr04_cycle(&mm))
        sense_distance(ms, mm);
}

static void read_weight(uint32_t ms)
{
    int32_t counts;

    if (hx711_read(&counts)) {
        bool saturated = counts == HX711_LOW || counts == HX711_HIGH;
        weighed_ms = ms;
        sense_fault(ms, SENSE_WEIGHT, saturated ? FAULT_STUCK : FAULT_NONE);
        if (!saturated)
            sense_weight(ms, counts);
    } else if (ms - weighed_ms >= WEIGHT_LOST_MS) {
        weighed_ms = ms;
        sense_fault(ms, SENSE_WEIGHT, FAULT_ABSENT);
    }
}

static void lose_reader(uint32_t ms)
{
    sense_tags_hold(ms);
    if (away_rounds < READER_LOST && ++away_rounds == READER_LOST)
        sense_fault(ms, SENSE_TAG, FAULT_ABSENT);
}

static void find_reader(uint32_t ms)
{
    if (away_rounds == READER_LOST)
        sense_fault(ms, SENSE_TAG, FAULT_NONE);
    away_rounds = 0;
}

static void read_tags(uint32_t ms)
{
    struct uid uid;
    enum rc522_news news = rc522_step(ms, &uid);

    if (news == RC522_NOTHING)
        return;
    if (news == RC522_AWAY) {
        lose_reader(ms);
        return;
    }
    find_reader(ms);
    if (news == RC522_FOUND)
        sense_tag(ms, &uid);
    else
        sense_tags_age(ms);
}

void board_step(void)
{
    uint32_t ms = hal_ms();
    uint8_t byte;

    while (hal_uart_get(&byte))
        deliver_receive(ms, byte);
    read_fast(ms);
    read_distance(ms);
    read_weight(ms);
    read_tags(ms);
    deliver_step(ms);
}
