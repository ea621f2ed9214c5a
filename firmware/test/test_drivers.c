#include "check.h"

#include <string.h>

#include "chance.h"
#include "fake_hal.h"
#include "hal.h"
#include "hcsr04.h"
#include "hx711.h"
#include "ldr.h"
#include "probe.h"
#include "rc522.h"
#include "sw420.h"

// ---- light, vibration ----------------------------------------------------------------

static void simple_sensors_pass_on_what_they_see(void)
{
    fake_start();
    fake.light = 777;
    fake.edges = 12;
    CHECK(ldr_read() == 777);
    CHECK(sw420_edges() == 12 && sw420_edges() == 0);
}

static void probe_tells_a_broken_wire_from_an_empty_package(void)
{
    uint16_t counts = 0;

    fake_start();
    fake.level = 102;
    CHECK(probe_read(&counts) == PROBE_WELL && counts == 102);
    fake.level = 922;
    CHECK(probe_read(&counts) == PROBE_WELL && counts == 922);
    fake.level = 50;
    CHECK(probe_read(&counts) == PROBE_OPEN);
    fake.level = 973;
    CHECK(probe_read(&counts) == PROBE_SHORTED);
}

// ---- HC-SR04 -------------------------------------------------------------------------

static int cycle(int16_t *mm)
{
    bool told = hcsr04_cycle(mm);
    fake_advance_us(60000);
    return told;
}

static void start_distance(int32_t target_mm)
{
    int16_t mm;

    fake_start();
    hcsr04_clear();
    fake.distance.mm = target_mm;
    CHECK(!cycle(&mm)); // nothing was asked yet
}

static void distance_is_right_over_the_range(void)
{
    for (int32_t target = 25; target <= 4000; target += 7) {
        int16_t mm;
        start_distance(target);
        CHECK(cycle(&mm));
        CHECK(mm >= target - 1 && mm <= target + 1);
    }
}

static void missing_echo_is_told_and_the_next_reading_doubted(void)
{
    int16_t mm = 0;

    start_distance(0);
    CHECK(cycle(&mm) && mm == HCSR04_NONE);
    fake.distance.mm = 80; // the false 8 cm of the clones
    CHECK(cycle(&mm) && mm == HCSR04_NONE);
    mm = 0;
    CHECK(!cycle(&mm) && mm == 0);
    CHECK(cycle(&mm) && mm >= 79);
}

static void stuck_echo_is_told_after_a_second(void)
{
    int16_t mm;
    int cycles = 0;

    start_distance(400);
    fake.distance.stuck = true;
    while (!cycle(&mm))
        cycles++;
    CHECK(mm == HCSR04_STUCK && cycles == 16);
    fake.distance.stuck = false;
    CHECK(!cycle(&mm));
}

// ---- HX711 ---------------------------------------------------------------------------

static void weight_is_read_bit_for_bit(void)
{
    const int32_t values[] = {0, 1, -1, 420013, -80028, 8388607, -8388608, 0x555555, -0x555556};

    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        int32_t counts = 0;
        fake_start();
        hx711_start();
        fake.weight.raw = values[i];
        CHECK(!hx711_read(&counts));
        fake_advance_us(150000);
        CHECK(hx711_read(&counts) && counts == values[i]);
        CHECK(!hx711_read(&counts));
    }
}

static void clock_is_never_high_for_long(void)
{
    int32_t counts;

    fake_start();
    hx711_start();
    fake.weight.slow_pulses = 0; // that one was meant
    fake_advance_us(150000);
    CHECK(hx711_read(&counts));
    CHECK(fake.weight.slow_pulses == 0 && fake.irq_off_longest_us < 10);
}

static void half_read_sample_does_not_outlive_a_start(void)
{
    int32_t counts;

    fake_start();
    hx711_start();
    fake_advance_us(150000);
    for (int i = 0; i < 7; i++) { // then the board was reset
        hal_pin(HAL_HX_CLOCK, true);
        hal_pin(HAL_HX_CLOCK, false);
    }
    hx711_start();
    CHECK(!hx711_read(&counts));
    fake_advance_us(100000);
    CHECK(hx711_read(&counts) && counts == 400000);
}

static void lost_pulse_is_noticed(void)
{
    int32_t counts = 5;

    fake_start();
    hx711_start();
    fake_advance_us(150000);
    fake.weight.deaf_pulses = 1;
    CHECK(!hx711_read(&counts) && counts == 5);
}

static void missing_hx711_gives_nothing(void)
{
    int32_t counts;

    fake_start();
    fake.weight.gone = true;
    hx711_start();
    fake_advance_us(500000);
    CHECK(!hx711_read(&counts));
}

// ---- RC522 ---------------------------------------------------------------------------

static struct rc522 reader = {.reset = HAL_RC_RESET, .select = HAL_RC_SELECT};
static struct uid seen[16];
static int seen_count;

// One whole round; its tags in seen.
static enum rc522_news round_of(void)
{
    seen_count = 0;
    for (int i = 0; i < 5000; i++) {
        struct uid uid;
        uint64_t before_us = fake.us;
        enum rc522_news news = rc522_step(&reader, hal_ms(), &uid);
        CHECK(fake.us - before_us < 11000); // what the receive buffer bridges
        fake_advance_us(1000);
        if (news == RC522_FOUND)
            seen[seen_count++] = uid;
        else if (news != RC522_NOTHING)
            return news;
    }
    CHECK(!"the round ends");
    return RC522_NOTHING;
}

static bool was_seen(const uint8_t *bytes, uint8_t length)
{
    for (int i = 0; i < seen_count; i++)
        if (seen[i].length == length && memcmp(seen[i].bytes, bytes, length) == 0)
            return true;
    return false;
}

static void start_reader(void)
{
    fake_start();
    rc522_start(&reader, hal_ms());
}

static void empty_field_shows_no_tag(void)
{
    start_reader();
    CHECK(round_of() == RC522_ROUND && seen_count == 0);
}

static void both_uid_lengths_are_read_in_every_round(void)
{
    const uint8_t four[4] = {0x04, 0xA1, 0xB2, 0xC3}, seven[7] = {4, 1, 2, 3, 4, 5, 6};

    start_reader();
    rc522_model_add(&fake.reader, four, 4);
    rc522_model_add(&fake.reader, seven, 7);
    for (int i = 0; i < 20; i++) {
        CHECK(round_of() == RC522_ROUND && seen_count == 2);
        CHECK(was_seen(four, 4) && was_seen(seven, 7));
    }
}

static void tags_that_differ_in_any_bit_are_told_apart(void)
{
    for (int bit = 0; bit < 32; bit++) {
        uint8_t one[4] = {0x5A, 0xC3, 0x99, 0x0F}, other[4];
        memcpy(other, one, 4);
        other[bit / 8] ^= 1 << bit % 8;
        start_reader();
        rc522_model_add(&fake.reader, one, 4);
        rc522_model_add(&fake.reader, other, 4);
        CHECK(round_of() == RC522_ROUND && seen_count == 2);
        CHECK(was_seen(one, 4) && was_seen(other, 4));
    }
}

static void four_random_tags_are_all_found(void)
{
    for (int trial = 0; trial < 300; trial++) {
        uint8_t uids[4][7];
        start_reader();
        chance_seed(trial + 1);
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 7; j++)
                uids[i][j] = (uint8_t)(chance_next() >> 8);
            uids[i][0] = 0x04; // 0x88 first would say "a longer UID follows"
            rc522_model_add(&fake.reader, uids[i], i % 2 ? 7 : 4);
        }
        CHECK(round_of() == RC522_ROUND && seen_count == 4);
        for (int i = 0; i < 4; i++)
            CHECK(was_seen(uids[i], i % 2 ? 7 : 4));
    }
}

static void unplugged_reader_is_away_and_comes_back(void)
{
    const uint8_t uid[4] = {0x04, 0xA1, 0xB2, 0xC3};

    start_reader();
    rc522_model_add(&fake.reader, uid, 4);
    CHECK(round_of() == RC522_ROUND && seen_count == 1);
    fake.reader.gone = true;
    CHECK(round_of() == RC522_AWAY);
    CHECK(round_of() == RC522_AWAY);
    fake.reader.gone = false;
    CHECK(round_of() == RC522_ROUND && seen_count == 1);
}

static void brown_out_between_rounds_is_repaired(void)
{
    const uint8_t uid[4] = {0x04, 0xA1, 0xB2, 0xC3};

    start_reader();
    rc522_model_add(&fake.reader, uid, 4);
    CHECK(round_of() == RC522_ROUND && seen_count == 1);
    rc522_model_reset(&fake.reader, false);
    rc522_model_reset(&fake.reader, true);
    CHECK(round_of() == RC522_ROUND && seen_count == 1);
}

void test_drivers(void)
{
    simple_sensors_pass_on_what_they_see();
    probe_tells_a_broken_wire_from_an_empty_package();
    distance_is_right_over_the_range();
    missing_echo_is_told_and_the_next_reading_doubted();
    stuck_echo_is_told_after_a_second();
    weight_is_read_bit_for_bit();
    clock_is_never_high_for_long();
    half_read_sample_does_not_outlive_a_start();
    lost_pulse_is_noticed();
    missing_hx711_gives_nothing();
    empty_field_shows_no_tag();
    both_uid_lengths_are_read_in_every_round();
    tags_that_differ_in_any_bit_are_told_apart();
    four_random_tags_are_all_found();
    unplugged_reader_is_away_and_comes_back();
    brown_out_between_rounds_is_repaired();
}
