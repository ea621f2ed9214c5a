#include "check.h"

#include <string.h>

#include "fake_hal.h"
#include "hal.h"
#include "pending.h"
#include "ring.h"
#include "spill.h"

static struct record event(uint16_t boot, uint16_t seq)
{
    return (struct record){.ms = 1000u + seq, .boot = boot, .seq = seq, .word = WORD_SHAKE,
                           .sensor = 1, .value = -7 - seq};
}

// Write until done; returns how many bytes that took.
static int write_out(void)
{
    int bytes = 0;

    for (; spill_busy(); bytes++) {
        spill_step();
        fake_advance_us(3500);
    }
    return bytes;
}

static void keep(uint16_t boot, uint16_t seq)
{
    struct record record = event(boot, seq);

    CHECK(spill_free());
    spill_begin(&record);
    write_out();
}

static void settle(void)
{
    for (int i = 0; i < 2 * SPILL_SLOTS; i++) {
        spill_step();
        fake_advance_us(3500);
    }
}

static bool lies_at(uint8_t place, uint16_t boot, uint16_t seq)
{
    struct record record;

    return spill_at(place, &record) && record.boot == boot && record.seq == seq &&
           record.value == -7 - seq && record.ms == 1000u + seq;
}

static void start(void)
{
    fake_start();
    spill_start();
}

static void record_is_packed_as_the_document_says(void)
{
    const uint8_t light[RECORD_BYTES] = {0x10, 0x00, 0x09, 0x00, 0xD0, 0x7E, 0x01,
                                         0x00, 0x00, 0x3D, 0x00, 0x00, 0x00, 0x00,
                                         0x00, 0x00, 0x00, 0x9B, 0xE8, 0x01};
    struct record record = {.ms = 98000, .boot = 16, .seq = 9, .sensor = 0, .word = WORD_CLOSE,
                            .value = 61};
    uint8_t bytes[RECORD_BYTES];

    record_pack(&record, bytes);
    CHECK(memcmp(bytes, light, RECORD_BYTES) == 0);
}

static void uid_comes_back_with_its_length(void)
{
    struct record back, tag = {.ms = 1, .boot = 2, .seq = 3, .sensor = 4, .word = WORD_OUT,
                               .uid = {7, {4, 1, 2, 3, 4, 5, 6}}};
    uint8_t bytes[RECORD_BYTES];

    record_pack(&tag, bytes);
    CHECK(record_unpack(bytes, &back) && back.word == WORD_OUT && back.uid.length == 7);
    CHECK(memcmp(back.uid.bytes, tag.uid.bytes, 7) == 0);
}

static void any_flipped_bit_of_a_slot_is_noticed(void)
{
    struct record back, record = event(16, 9);
    uint8_t bytes[RECORD_BYTES];

    for (int bit = 0; bit < 8 * RECORD_BYTES; bit++) {
        record_pack(&record, bytes);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!record_unpack(bytes, &back));
    }
}

static void records_come_back_in_order_after_a_start(void)
{
    start();
    for (uint16_t seq = 1; seq <= 5; seq++)
        keep(16, seq);
    keep(17, 1);
    spill_start();
    CHECK(spill_count() == 6 && lies_at(0, 16, 1) && lies_at(4, 16, 5) && lies_at(5, 17, 1));
}

static void each_byte_takes_its_own_turn(void)
{
    struct record record = event(16, 1);

    start();
    spill_begin(&record);
    CHECK(write_out() == 21); // 20 bytes, and the look that all are written
    spill_begin(&record);
    spill_step();
    spill_step(); // the chip is busy: nothing may be skipped
    fake_advance_us(3500);
    write_out();
    CHECK(lies_at(1, 16, 1));
}

static void power_cut_at_any_byte_leaves_all_or_nothing(void)
{
    for (int writes = 0; writes <= RECORD_BYTES; writes++) {
        start();
        keep(16, 1);
        fake.eeprom_writes_left = writes;
        keep(16, 2);
        fake.eeprom_writes_left = -1;
        spill_start();
        CHECK(lies_at(0, 16, 1));
        CHECK(spill_count() == 1 || lies_at(1, 16, 2));
        keep(17, 1);
        CHECK(lies_at(spill_count() - 1, 17, 1));
    }
}

static void slots_are_written_in_turn_so_that_wear_is_even(void)
{
    start();
    for (uint16_t seq = 1; seq <= 10 * SPILL_SLOTS; seq++) {
        keep(16, seq);
        CHECK(spill_drop(16, seq) == 1);
        settle();
    }
    for (int slot = 0; slot < SPILL_SLOTS; slot++)
        CHECK(fake.eeprom_wear[SPILL_BEGIN + slot * RECORD_BYTES + 19] <= 20);
}

static void dropped_records_do_not_come_back(void)
{
    start();
    for (uint16_t seq = 1; seq <= 10; seq++)
        keep(16, seq);
    CHECK(spill_drop(15, 10) == 0 && spill_drop(16, 7) == 7 && spill_drop(16, 7) == 0);
    settle();
    spill_start();
    CHECK(spill_count() == 3 && lies_at(0, 16, 8));
}

static void records_of_another_start_stay_where_they_are(void)
{
    start();
    keep(16, 1);
    keep(17, 1);
    keep(18, 1);
    CHECK(spill_drop(17, 1) == 1);
    settle();
    CHECK(spill_count() == 2 && lies_at(0, 16, 1) && lies_at(1, 18, 1));
    spill_start();
    CHECK(spill_count() == 2 && lies_at(0, 16, 1) && lies_at(1, 18, 1));
}

static void order_holds_over_the_end_of_the_memory_and_of_the_numbers(void)
{
    start();
    for (uint16_t i = 0; i < 40; i++) {
        keep(65535, (uint16_t)(i + 1));
        spill_drop(65535, (uint16_t)(i + 1));
        settle();
    }
    for (uint16_t i = 0; i < SPILL_SLOTS; i++)
        keep(i < 20 ? 65535 : 1, i < 20 ? (uint16_t)(100 + i) : (uint16_t)(i - 19));
    CHECK(!spill_free());
    spill_start();
    CHECK(spill_count() == SPILL_SLOTS && lies_at(0, 65535, 100) && lies_at(19, 65535, 119));
    CHECK(lies_at(20, 1, 1) && lies_at(47, 1, 28));
}

static void slot_that_rots_is_passed_over_and_freed(void)
{
    start();
    keep(16, 1);
    keep(16, 2);
    fake.eeprom[SPILL_BEGIN + 3] ^= 1;
    CHECK(!lies_at(0, 16, 1) && lies_at(1, 16, 2));
    CHECK(spill_drop(16, 2) == 2 && spill_count() == 0);
}

static void acknowledgement_while_it_is_written_leaves_nothing_behind(void)
{
    start();
    pending_start(16);
    ring_push(0, 1, WORD_SHAKE, 5);
    for (int bytes = 0; bytes <= RECORD_BYTES; bytes++) {
        pending_start((uint16_t)(17 + bytes));
        ring_push(0, 1, WORD_SHAKE, 5);
        for (int i = 0; i < bytes; i++) {
            pending_step(0, true);
            fake_advance_us(3500);
        }
        while (ring_count())
            ring_drop_oldest(); // as acknowledgements do
        for (int i = 0; i < 60; i++) {
            pending_step(0, true);
            fake_advance_us(3500);
        }
        spill_start();
        spill_drop((uint16_t)(16 + bytes), UINT16_MAX / 2); // an earlier one may be whole
        settle();
    }
    spill_start();
    CHECK(spill_count() <= 1);
}

void test_spill(void)
{
    record_is_packed_as_the_document_says();
    uid_comes_back_with_its_length();
    any_flipped_bit_of_a_slot_is_noticed();
    records_come_back_in_order_after_a_start();
    each_byte_takes_its_own_turn();
    power_cut_at_any_byte_leaves_all_or_nothing();
    slots_are_written_in_turn_so_that_wear_is_even();
    dropped_records_do_not_come_back();
    records_of_another_start_stay_where_they_are();
    order_holds_over_the_end_of_the_memory_and_of_the_numbers();
    slot_that_rots_is_passed_over_and_freed();
    acknowledgement_while_it_is_written_leaves_nothing_behind();
}
