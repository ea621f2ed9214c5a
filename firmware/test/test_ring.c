#include "check.h"
#include "ring.h"

static void fresh(void)
{
    for (ring_start(7); ring_count();)
        ring_drop_oldest();
}

static void push(int events)
{
    for (int i = 0; i < events; i++)
        ring_push(i, 0, WORD_OPEN, i);
}

static void ack_is_cumulative(void)
{
    fresh();
    push(5);
    CHECK(ring_drop(7, 3) == 3);
    CHECK(ring_count() == 2);
    CHECK(ring_at(0)->seq == 4);
    CHECK(ring_drop(7, 3) == 0);
}

static void ack_from_the_future_drops_nothing(void)
{
    fresh();
    push(5);
    CHECK(ring_drop(7, 6) == 0);
    CHECK(ring_count() == 5);
}

static void full_ring_loses_its_oldest_and_counts(void)
{
    fresh();
    push(30);
    CHECK(ring_count() == RING_SLOTS);
    CHECK(ring_lost() == 6);
    CHECK(ring_at(0)->seq == 7 && ring_at(0)->value == 6);
    CHECK(ring_at(23)->seq == 30);
}

static void seq_skips_zero_and_is_compared_round_the_wrap(void)
{
    fresh();
    for (uint32_t i = 0; i < 65533; i++) {
        push(1);
        ring_drop(7, (uint16_t)(i + 1));
    }
    push(4);
    CHECK(ring_at(1)->seq == 65535);
    CHECK(ring_at(2)->seq == 1);
    CHECK(ring_drop(7, 1) == 3);
    CHECK(ring_at(0)->seq == 2);
}

static void uid_keeps_its_length(void)
{
    struct uid uid = {4, {0x04, 0xA1, 0xB2, 0xC3}};

    fresh();
    ring_push_tag(9, 4, WORD_OUT, &uid);
    CHECK(ring_at(0)->uid.length == 4);
}

static void records_outlive_a_reset_under_their_own_boot(void)
{
    fresh();
    push(3);
    ring_start(8);
    push(2);
    CHECK(ring_count() == 5 && ring_at(0)->boot == 7 && ring_at(2)->seq == 3);
    CHECK(ring_at(3)->boot == 8 && ring_at(3)->seq == 1);
    CHECK(ring_drop(8, 2) == 2 && ring_count() == 3); // the older ones wait for their own
    CHECK(ring_drop(7, 3) == 3 && ring_count() == 0);
}

static void one_damaged_record_and_the_ring_starts_empty(void)
{
    fresh();
    push(3);
    ((struct record *)ring_at(1))->value ^= 4; // half decayed while the power was away
    ring_start(8);
    CHECK(ring_count() == 0);
}

void test_ring(void)
{
    ack_is_cumulative();
    ack_from_the_future_drops_nothing();
    full_ring_loses_its_oldest_and_counts();
    seq_skips_zero_and_is_compared_round_the_wrap();
    uid_keeps_its_length();
    records_outlive_a_reset_under_their_own_boot();
    one_damaged_record_and_the_ring_starts_empty();
}
