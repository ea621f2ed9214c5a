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
    for (uint16_t i = 0; i < SPILL_KEEPS; i++)
        keep(i < 20 ? 65535 : 1, i < 20 ? (uint16_t)(100 + i) : (uint16_t)(i - 19));
    CHECK(!spill_free());
    spill_start();
    CHECK(spill_count() == SPILL_KEEPS && lies_at(0, 65535, 100) && lies_at(19, 65535, 119));
    CHECK(lies_at(20, 1, 1) && lies_at(45, 1, 26));
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

// ---- copies of the newest, once no more fits -----------------------------------------

// Let the board live with no fog.
static void live(uint32_t ms)
{
    for (; ms; ms--) {
        pending_step(hal_ms(), true);
        fake_advance_us(1000);
    }
}

static void happen(int times, uint32_t every_ms)
{
    for (; times; times--) {
        ring_push(hal_ms(), 1, WORD_SHAKE, 5);
        live(every_ms);
    }
}

static void cut_power(uint16_t next_boot)
{
    fake_power_cut();
    pending_start(next_boot);
}

static void begin_full(uint16_t boot) // 46 events in the EEPROM, the 47th in the ring
{
    fake_start();
    pending_start(boot);
    happen(SPILL_KEEPS, 100);
    ring_push(hal_ms(), 1, WORD_SHAKE, 5);
}

static bool waits_at(uint8_t place, uint16_t boot, uint16_t seq)
{
    struct record record;

    return place < pending_count() && pending_at(place, &record) && record.boot == boot &&
           record.seq == seq;
}

static bool waits_somewhere(uint16_t boot, uint16_t seq)
{
    for (uint8_t place = 0; place < pending_count(); place++)
        if (waits_at(place, boot, seq))
            return true;
    return false;
}

static void after_a_power_cut_the_copy_tells_how_far_the_ring_was(void)
{
    begin_full(16);
    happen(53, 100);
    live(2100);
    CHECK(pending_count() == 70 && waits_at(45, 16, 46) && waits_at(46, 16, 77));
    CHECK(waits_at(69, 16, 100) && pending_lost() == 30); // the copy is not told beside the ring
    cut_power(17);
    CHECK(pending_count() == 47 && waits_at(45, 16, 46) && waits_at(46, 16, 100));
}

static void copy_lags_at_most_two_seconds_and_its_writing(void)
{
    for (uint32_t more_ms = 0; more_ms < 4200; more_ms += 70) {
        uint16_t last = 0;
        begin_full(16);
        uint32_t full_ms = hal_ms();
        live(2100);
        for (uint32_t ms = 0; ms < more_ms; ms += 70)
            happen(1, 70);
        uint32_t cut_ms = hal_ms();
        cut_power(17);
        CHECK(pending_count() >= 47);
        for (uint16_t seq = 47; seq < 200; seq++)
            last = waits_somewhere(16, seq) ? seq : last;
        // One comes every 70 ms, the 47th when the memory was full.
        CHECK(last && cut_ms - (full_ms + 2100 + (last - 48) * 70) <= 2100 + 70);
    }
}

static void power_cut_while_a_copy_is_written_leaves_the_one_before(void)
{
    bool second = false;

    for (int writes = 0; writes <= 2 * RECORD_BYTES + 3; writes++) {
        begin_full(16);
        live(2100); // a copy of 47
        happen(8, 0);
        fake.eeprom_writes_left = writes;
        live(2300);
        fake.eeprom_writes_left = -1;
        cut_power(17);
        CHECK(waits_at(45, 16, 46));
        CHECK(waits_at(46, 16, 47) || waits_at(46, 16, 55));
        CHECK(pending_count() == 47 || (pending_count() == 48 && waits_at(47, 16, 55)));
        second |= waits_at(pending_count() - 1, 16, 55);
    }
    CHECK(second);
}

static void after_a_reset_the_ring_tells_its_events_and_no_copy_does(void)
{
    begin_full(16);
    happen(20, 100);
    live(2100);
    pending_start(17);
    CHECK(pending_count() == 46 + 21);
    for (uint8_t place = 0; place < 67; place++)
        CHECK(waits_at(place, 16, (uint16_t)(place + 1)));
}

static void copy_goes_with_the_acknowledgement(void)
{
    begin_full(16);
    happen(20, 100);
    live(2100);
    CHECK(pending_drop(16, 67) == 67);
    live(500);
    cut_power(17);
    CHECK(pending_count() == 0);
}

static void copy_stays_until_it_is_overtaken(void)
{
    begin_full(16);
    happen(20, 100);
    live(2100); // a copy of 67
    CHECK(pending_drop(16, 10) == 10);
    live(300); // a few of the ring's moved in
    cut_power(17);
    CHECK(pending_count() <= 45 && waits_at(36, 16, 47) && waits_at(pending_count() - 1, 16, 67));

    begin_full(16);
    happen(20, 100);
    live(2100);
    CHECK(pending_drop(16, 30) == 30);
    live(3000); // all of the ring's moved in: 31 to 67
    cut_power(17);
    CHECK(pending_count() == 37);
    for (uint8_t place = 0; place < 37; place++)
        CHECK(waits_at(place, 16, (uint16_t)(place + 31)));
}

static void copy_whose_event_was_overwritten_is_told_in_its_place(void)
{
    begin_full(16);
    live(2100); // a copy of 47
    happen(30, 1);
    live(1);
    CHECK(pending_count() == 71 && waits_at(45, 16, 46) && waits_at(46, 16, 47));
    CHECK(waits_at(47, 16, 54) && waits_at(70, 16, 77));
}

static void every_start_of_an_outage_has_its_copy(void)
{
    begin_full(16);
    happen(40, 100);
    live(2100); // a copy of 87
    for (uint16_t boot = 17; boot < 27; boot++) {
        cut_power(boot);
        happen(30, 200);
        live(2100);
    }
    cut_power(27);
    for (uint8_t place = 0; place < 36; place++) // a place was given up for each start but one
        CHECK(waits_at(place, 16, (uint16_t)(place + 1)));
    CHECK(pending_count() == 47 && waits_somewhere(16, 87));
    for (uint16_t boot = 17; boot < 27; boot++)
        CHECK(waits_somewhere(boot, 30));
}

static void what_is_given_up_for_a_copy_counts_as_lost(void)
{
    begin_full(16);
    live(2100);
    cut_power(17); // 47 are told from the EEPROM: one slot is free
    happen(1, 2500);
    CHECK(pending_lost() == 0);
    happen(1, 2500);
    CHECK(pending_lost() == 1 && waits_at(44, 16, 45) && waits_at(45, 16, 47));
}

static void copy_is_begun_again_when_an_acknowledgement_moved_its_event(void)
{
    fake_start();
    pending_start(15);
    happen(SPILL_KEEPS, 100);
    pending_start(16); // resets: the ring stays
    ring_push(hal_ms(), 1, WORD_SHAKE, 5);
    pending_start(17);
    live(2100); // a copy of 1 of start 16
    ring_push(hal_ms(), 1, WORD_SHAKE, 5);
    live(10); // that of 1 of start 17 is under way
    CHECK(spill_busy() && pending_drop(16, 1) == 1);
    live(2200);
    cut_power(18);
    CHECK(pending_count() == 47 && waits_at(46, 17, 1));
}

static void record_overwritten_while_it_is_written_is_given_up(void)
{
    fake_start();
    pending_start(16);
    happen(1, 30);
    happen(RING_SLOTS, 0); // 25 is now where 1 was
    live(3000);
    cut_power(17);
    CHECK(pending_count() == 24 && waits_at(0, 16, 2) && waits_at(23, 16, 25));
}

static void copies_wear_their_slots_once_in_four_seconds(void)
{
    begin_full(16);
    memset(fake.eeprom_wear, 0, sizeof fake.eeprom_wear);
    happen(1000, 100);
    for (int cell = SPILL_BEGIN; cell < SPILL_BEGIN + SPILL_SLOTS * RECORD_BYTES; cell++)
        CHECK(fake.eeprom_wear[cell] <= 2 * 26); // a mark is written and erased
}

static void acknowledgement_from_the_future_drops_nothing_of_the_eeprom_either(void)
{
    fake_start();
    pending_start(16);
    happen(5, 100);
    CHECK(spill_count() == 5 && pending_drop(16, 6) == 0 && pending_drop(16, 5) == 5);
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
    after_a_power_cut_the_copy_tells_how_far_the_ring_was();
    copy_lags_at_most_two_seconds_and_its_writing();
    power_cut_while_a_copy_is_written_leaves_the_one_before();
    after_a_reset_the_ring_tells_its_events_and_no_copy_does();
    copy_goes_with_the_acknowledgement();
    copy_stays_until_it_is_overtaken();
    copy_whose_event_was_overwritten_is_told_in_its_place();
    every_start_of_an_outage_has_its_copy();
    what_is_given_up_for_a_copy_counts_as_lost();
    copy_is_begun_again_when_an_acknowledgement_moved_its_event();
    record_overwritten_while_it_is_written_is_given_up();
    copies_wear_their_slots_once_in_four_seconds();
    acknowledgement_from_the_future_drops_nothing_of_the_eeprom_either();
}
