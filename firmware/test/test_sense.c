#include "check.h"
#include "ring.h"
#include "sense.h"

static void start(void)
{
    for (ring_start(1); ring_count();)
        ring_drop_oldest();
    sense_clear();
    light_clear();
    shake_clear();
    distance_clear();
    weight_clear();
    tags_clear(0);
    tags_clear(1);
    climate_clear();
    level_clear();
}

static enum word last_word(void) { return ring_at(ring_count() - 1)->word; }

static int32_t last_value(void) { return ring_at(ring_count() - 1)->value; }

static void light_must_hold_150_ms(void)
{
    start();
    for (uint32_t ms = 0; ms < 150; ms += 10)
        light_sense(ms, 600);
    CHECK(ring_count() == 0);
    light_sense(150, 859);
    CHECK(ring_count() == 1 && last_word() == WORD_OPEN && last_value() == 859);
}

static void flicker_and_the_middle_band_stay_silent(void)
{
    start();
    for (uint32_t ms = 0; ms < 5000; ms += 10)
        light_sense(ms, ms % 100 < 90 ? 900 : 500);
    CHECK(ring_count() == 0);
    for (uint32_t ms = 5000; ms < 5200; ms += 10)
        light_sense(ms, 900);
    for (uint32_t ms = 5200; ms < 9000; ms += 10)
        light_sense(ms, 401);
    CHECK(ring_count() == 1);
    for (uint32_t ms = 9000; ms <= 9150; ms += 10)
        light_sense(ms, 400);
    CHECK(ring_count() == 2 && last_word() == WORD_CLOSE);
}

static void five_edges_in_a_second_are_a_shake(void)
{
    start();
    for (uint32_t ms = 1000; ms < 4000; ms += 10)
        shake_sense(ms, ms < 1040 ? 1 : 0); // four
    CHECK(ring_count() == 0);
    for (uint32_t ms = 4000; ms < 6000; ms += 10)
        shake_sense(ms, ms < 4050 ? 1 : 0);
    CHECK(ring_count() == 1 && last_word() == WORD_SHAKE && last_value() == 5);
}

static void a_running_tractor_is_one_shake(void)
{
    start();
    for (uint32_t ms = 1000; ms < 61000; ms += 10)
        shake_sense(ms, 3);
    CHECK(ring_count() == 1);
    for (uint32_t ms = 61000; ms < 61800; ms += 10)
        shake_sense(ms, 0);
    for (uint32_t ms = 61800; ms < 63000; ms += 10)
        shake_sense(ms, ms < 61900 ? 2 : 0);
    CHECK(ring_count() == 2 && last_value() == 20);
}

static uint32_t see(uint32_t ms, int16_t mm, int times)
{
    for (; times; times--, ms += 60)
        distance_sense(ms, mm);
    return ms;
}

static void move_needs_30_mm_for_two_medians(void)
{
    start();
    uint32_t ms = see(0, 400, 10);
    ms = see(ms, 371, 20);
    CHECK(ring_count() == 0);
    ms = see(ms, 100, 2); // two single drop-outs
    ms = see(ms, 371, 5);
    CHECK(ring_count() == 0);
    see(ms, 370, 10);
    CHECK(ring_count() == 1 && last_word() == WORD_MOVE && last_value() == 370);
}

static void stuck_echo_is_told_once_and_its_end_too(void)
{
    int32_t newest;

    start();
    uint32_t ms = see(0, 400, 10);
    ms = see(ms, DISTANCE_STUCK, 50);
    CHECK(ring_count() == 1 && last_word() == WORD_FAULT && last_value() == FAULT_STUCK);
    CHECK(distance_newest(&newest) && newest == DISTANCE_STUCK);
    ms = see(ms, 400, 2);
    CHECK(ring_count() == 2 && last_value() == FAULT_NONE);
    see(ms, DISTANCE_NONE, 50); // an empty yard is no fault
    CHECK(ring_count() == 2);
}

static uint32_t weigh(uint32_t ms, int32_t counts, int times)
{
    for (; times; times--, ms += 100)
        weight_sense(ms, counts);
    return ms;
}

static void take_and_put_carry_the_signed_difference(void)
{
    start();
    uint32_t ms = weigh(0, 420013, 5);
    ms = weigh(ms, 339985, 2);
    CHECK(ring_count() == 0);
    ms = weigh(ms, 339985, 1);
    CHECK(ring_count() == 1 && last_word() == WORD_TAKE && last_value() == -80028);
    weigh(ms, 341985, 3);
    CHECK(ring_count() == 2 && last_word() == WORD_PUT && last_value() == 2000);
}

static void spikes_and_slow_drift_stay_silent(void)
{
    start();
    uint32_t ms = weigh(0, 400000, 5);
    for (int i = 0; i < 20; i++)
        ms = weigh(weigh(ms, -8000000, 1), 400000, 5);
    CHECK(ring_count() == 0);
    for (int i = 0; i < 6000; i++) // 6,000 counts in ten minutes
        ms = weigh(ms, 400000 + i, 1);
    CHECK(ring_count() == 0);
    weigh(ms, 320000, 5);
    CHECK(ring_count() == 1 && last_word() == WORD_TAKE);
}

static const struct uid A = {4, {4, 0xA1, 0xB2, 0xC3}};
static const struct uid A7 = {7, {4, 0xA1, 0xB2, 0xC3, 0, 0, 0}};

static void a_tag_is_gone_after_two_seconds_only(void)
{
    start();
    tags_sense(0, 0, &A);
    tags_sense(1900, 0, &A);
    tags_age(3899, 0);
    CHECK(ring_count() == 1 && last_word() == WORD_IN);
    tags_age(3900, 0);
    CHECK(ring_count() == 2 && last_word() == WORD_OUT);
    CHECK(ring_at(1)->uid.length == 4);
}

static void length_is_part_of_a_uid(void)
{
    start();
    tags_sense(0, 0, &A);
    tags_sense(0, 0, &A7);
    CHECK(ring_count() == 2 && ring_at(1)->uid.length == 7);
}

static void a_dead_reader_says_nothing_about_tags(void)
{
    start();
    tags_sense(0, 0, &A);
    for (uint32_t ms = 100; ms < 60000; ms += 100)
        tags_hold(ms, 0);
    tags_age(60100, 0);
    CHECK(ring_count() == 1);
    tags_age(62000, 0);
    CHECK(last_word() == WORD_OUT);
}

static void too_many_tags_are_a_fault_not_a_silence(void)
{
    start();
    for (uint8_t i = 0; i < TAGS_MAX + 2; i++)
        tags_sense(i, 0, &(struct uid){4, {i, 1, 2, 3}});
    CHECK(ring_count() == TAGS_MAX + 1 && last_word() == WORD_FAULT);
    CHECK(last_value() == FAULT_CROWDED);
}

static void limits_are_set_within_bounds_only(void)
{
    start();
    CHECK(sense_set("L1", "on", 500));
    CHECK(!sense_set("L1", "on", 400)); // not above off
    CHECK(!sense_set("L1", "on", 1024));
    CHECK(!sense_set("L1", "up", 500) && !sense_set("X9", "on", 500));
    for (uint32_t ms = 0; ms <= 150; ms += 10)
        light_sense(ms, 500);
    CHECK(ring_count() == 1);
    CHECK(sense_set("W1", "step", 60000) && sense_set("D1", "move", 100));
    CHECK(sense_set("V1", "edges", 1) && !sense_set("W1", "step", 10));
}

static void two_readers_keep_their_tags_apart(void)
{
    start();
    tags_sense(0, 0, &A);
    tags_sense(100, 1, &A);
    CHECK(ring_count() == 2 && ring_at(0)->sensor == SENSE_TAG);
    CHECK(ring_at(1)->sensor == SENSE_TAG_2);
    tags_age(2000, 0);
    tags_age(2000, 1);
    CHECK(ring_count() == 3 && last_word() == WORD_OUT && ring_at(2)->sensor == SENSE_TAG);
}

static void climate_is_told_when_it_stays_a_step_away(void)
{
    start();
    climate_sense(0, 213, 478);
    climate_sense(2000, 223, 478); // one reading is no weather
    climate_sense(4000, 214, 478);
    climate_sense(6000, 223, 478);
    climate_sense(8000, 224, 478);
    CHECK(ring_count() == 0);
    climate_sense(10000, 223, 478);
    CHECK(ring_count() == 1 && last_word() == WORD_CHANGE && last_value() == 223);
    CHECK(ring_at(0)->sensor == SENSE_TEMPERATURE);
    for (uint32_t ms = 12000; ms <= 16000; ms += 2000)
        climate_sense(ms, -105, 528);
    CHECK(ring_count() == 3 && ring_at(1)->value == -105 && last_value() == 528);
    CHECK(ring_at(2)->sensor == SENSE_HUMIDITY);
}

static uint32_t fill(uint32_t ms, uint16_t counts, int times)
{
    for (; times; times--, ms += 100)
        level_sense(ms, counts);
    return ms;
}

static void level_is_told_when_it_rests_and_not_while_it_sloshes(void)
{
    start();
    uint32_t ms = fill(0, 500, 10);
    for (int i = 0; i < 50; i++)
        ms = fill(ms, i & 1 ? 430 : 540, 1);
    CHECK(ring_count() == 0);
    ms = fill(ms, 481, 20);
    CHECK(ring_count() == 0); // less than a step
    ms = fill(ms, 480, 20);
    CHECK(ring_count() == 1 && last_word() == WORD_FALL && last_value() == 480);
    fill(ms, 700, 6);
    CHECK(ring_count() == 2 && last_word() == WORD_RISE && last_value() == 700);
    CHECK(level_set("step", 300) && !level_set("step", 8) && !level_set("rise", 30));
}

void test_sense(void)
{
    light_must_hold_150_ms();
    flicker_and_the_middle_band_stay_silent();
    five_edges_in_a_second_are_a_shake();
    a_running_tractor_is_one_shake();
    move_needs_30_mm_for_two_medians();
    stuck_echo_is_told_once_and_its_end_too();
    take_and_put_carry_the_signed_difference();
    spikes_and_slow_drift_stay_silent();
    a_tag_is_gone_after_two_seconds_only();
    length_is_part_of_a_uid();
    a_dead_reader_says_nothing_about_tags();
    too_many_tags_are_a_fault_not_a_silence();
    limits_are_set_within_bounds_only();
    two_readers_keep_their_tags_apart();
    climate_is_told_when_it_stays_a_step_away();
    level_is_told_when_it_rests_and_not_while_it_sloshes();
}
