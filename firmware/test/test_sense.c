#include "check.h"
#include "ring.h"
#include "sense.h"

static void start(void)
{
    ring_clear();
    sense_clear();
}

static enum word last_word(void) { return ring_at(ring_count() - 1)->word; }

static int32_t last_value(void) { return ring_at(ring_count() - 1)->value; }

static void light_must_hold_150_ms(void)
{
    start();
    for (uint32_t ms = 0; ms < 150; ms += 10)
        sense_light(ms, 600);
    CHECK(ring_count() == 0);
    sense_light(150, 859);
    CHECK(ring_count() == 1 && last_word() == WORD_OPEN && last_value() == 859);
}

static void flicker_and_the_middle_band_stay_silent(void)
{
    start();
    for (uint32_t ms = 0; ms < 5000; ms += 10)
        sense_light(ms, ms % 100 < 90 ? 900 : 500);
    CHECK(ring_count() == 0);
    for (uint32_t ms = 5000; ms < 5200; ms += 10)
        sense_light(ms, 900);
    for (uint32_t ms = 5200; ms < 9000; ms += 10)
        sense_light(ms, 401);
    CHECK(ring_count() == 1);
    for (uint32_t ms = 9000; ms <= 9150; ms += 10)
        sense_light(ms, 400);
    CHECK(ring_count() == 2 && last_word() == WORD_CLOSE);
}

static void five_edges_in_a_second_are_a_shake(void)
{
    start();
    for (uint32_t ms = 1000; ms < 4000; ms += 10)
        sense_shake(ms, ms < 1040 ? 1 : 0); // four
    CHECK(ring_count() == 0);
    for (uint32_t ms = 4000; ms < 6000; ms += 10)
        sense_shake(ms, ms < 4050 ? 1 : 0);
    CHECK(ring_count() == 1 && last_word() == WORD_SHAKE && last_value() == 5);
}

static void a_running_tractor_is_one_shake(void)
{
    start();
    for (uint32_t ms = 1000; ms < 61000; ms += 10)
        sense_shake(ms, 3);
    CHECK(ring_count() == 1);
    for (uint32_t ms = 61000; ms < 61800; ms += 10)
        sense_shake(ms, 0);
    for (uint32_t ms = 61800; ms < 63000; ms += 10)
        sense_shake(ms, ms < 61900 ? 2 : 0);
    CHECK(ring_count() == 2 && last_value() == 20);
}

static uint32_t see(uint32_t ms, int16_t mm, int times)
{
    for (; times; times--, ms += 60)
        sense_distance(ms, mm);
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
    CHECK(sense_newest(SENSE_DISTANCE, &newest) && newest == DISTANCE_STUCK);
    ms = see(ms, 400, 2);
    CHECK(ring_count() == 2 && last_value() == FAULT_NONE);
    see(ms, DISTANCE_NONE, 50); // an empty yard is no fault
    CHECK(ring_count() == 2);
}

static uint32_t weigh(uint32_t ms, int32_t counts, int times)
{
    for (; times; times--, ms += 100)
        sense_weight(ms, counts);
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
    sense_tag(0, &A);
    sense_tag(1900, &A);
    sense_tags_age(3899);
    CHECK(ring_count() == 1 && last_word() == WORD_IN);
    sense_tags_age(3900);
    CHECK(ring_count() == 2 && last_word() == WORD_OUT);
    CHECK(ring_at(1)->uid.length == 4);
}

static void length_is_part_of_a_uid(void)
{
    start();
    sense_tag(0, &A);
    sense_tag(0, &A7);
    CHECK(ring_count() == 2 && ring_at(1)->uid.length == 7);
}

static void a_dead_reader_says_nothing_about_tags(void)
{
    start();
    sense_tag(0, &A);
    for (uint32_t ms = 100; ms < 60000; ms += 100)
        sense_tags_hold(ms);
    sense_tags_age(60100);
    CHECK(ring_count() == 1);
    sense_tags_age(62000);
    CHECK(last_word() == WORD_OUT);
}

static void too_many_tags_are_a_fault_not_a_silence(void)
{
    start();
    for (uint8_t i = 0; i < TAGS_MAX + 2; i++)
        sense_tag(i, &(struct uid){4, {i, 1, 2, 3}});
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
        sense_light(ms, 500);
    CHECK(ring_count() == 1);
    CHECK(sense_set("W1", "step", 60000) && sense_set("D1", "move", 100));
    CHECK(sense_set("V1", "edges", 1) && !sense_set("W1", "step", 10));
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
}
