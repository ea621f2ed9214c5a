#include "check.h"

#include <string.h>

#include "board.h"
#include "fake_hal.h"
#include "frame.h"
#include "hal.h"
#include "settings.h"

// Let the fog send a body, sealed.
static void order(const char *body)
{
    static char line[FRAME_MAX + 8];

    snprintf(line, sizeof line, "$%s*%08X\n", body, (unsigned)frame_crc(body, strlen(body)));
    fake_say(line);
    fake_run(1);
}

static void start(void)
{
    fake_start();
    board_start();
    fake_run(500);
}

static void open_door(void)
{
    fake.light = 819;
    fake_run(200);
}

static void it_declares_itself_at_start_and_when_asked(void)
{
    start();
    CHECK(fake_count("$H,cab01,1,0,") == 1 && fake_count("$D,cab01,1,0,") == 5);
    order("Q,any,0,0011223344556677");
    fake_run(20);
    CHECK(fake_count("$H,cab01,1,0,") == 2 && fake_count("$D,cab01,1,0,") == 10);
    order("Q,cab02,0,0011223344556677");
    order("Q,cab01,7,0011223344556677");
    fake_run(20);
    CHECK(fake_count("$H,") == 2 && fake_count(",Q,boot*") == 1);
}

static void each_start_counts_and_survives_a_power_cut(void)
{
    fake_start();
    for (uint16_t boot = 1; boot <= 20; boot++)
        CHECK(settings_count_start() == boot);
    for (int writes = 0; writes < 4; writes++) {
        uint16_t next;
        fake.eeprom_writes_left = writes;
        settings_count_start(); // cut: it never sent a frame
        fake.eeprom_writes_left = -1;
        next = settings_count_start();
        CHECK(next > 20 && next <= 25);
    }
}

static void start_numbers_wrap_past_zero(void)
{
    fake_start();
    for (uint32_t i = 0; i < 65535; i++)
        settings_count_start();
    CHECK(settings_count_start() == 1);
    CHECK(settings_count_start() == 2);
}

static void id_comes_from_the_eeprom(void)
{
    char id[ID_MAX + 1];

    fake_start();
    settings_id(id);
    CHECK(strcmp(id, "cab01") == 0);
    fake.eeprom[0] = SETTINGS_MARK;
    memcpy(fake.eeprom + 1, "gate01\0", 8);
    settings_id(id);
    CHECK(strcmp(id, "gate01") == 0);
    memcpy(fake.eeprom + 1, "any\0", 4);
    settings_id(id);
    CHECK(strcmp(id, "cab01") == 0);
}

static void oldest_event_is_resent_with_growing_pauses(void)
{
    start();
    open_door();
    CHECK(fake_count("L1,open,819*") == 1);
    fake_run(1200);
    CHECK(fake_count("L1,open,819*") == 2); // after 1 s
    fake_run(2000);
    CHECK(fake_count("L1,open,819*") == 3); // 2 s
    fake_run(4000 + 8000 + 16000);
    CHECK(fake_count("L1,open,819*") == 6); // 4, 8, 16 s
    fake_run(60000);
    CHECK(fake_count("L1,open,819*") == 8); // then every 30 s
    order("A,cab01,1,1");
    fake_forget_output();
    fake_run(60000);
    CHECK(fake_count("$E") == 0);
}

static void younger_events_do_not_put_off_the_resend(void)
{
    start();
    open_door();
    for (int i = 0; i < 10; i++) {
        fake.edges = 20;
        fake_run(950);
    }
    CHECK(fake_count("L1,open,819*") >= 4);
}

static void acks_of_others_and_of_the_future_are_passed_over(void)
{
    start();
    open_door();
    order("A,cab02,1,1");
    order("A,cab01,2,1");
    order("A,cab01,1,2");
    order("A,cab01,1,0");
    order("A,cab01,1,x");
    fake_forget_output();
    order("Q,cab01,0,0011223344556677");
    fake_run(50);
    CHECK(fake_count("$E,cab01,1,1,") == 1);
}

static void refusals_name_type_and_reason(void)
{
    start();
    order("C,cab01,1,L1,on,650");
    fake_run(5);
    CHECK(fake_count("$N") == 0);
    order("C,cab01,9,L1,on,650");
    fake_run(5);
    CHECK(fake_count(",C,boot*") == 1);
    order("C,cab01,1,L1,on,x");
    fake_run(5);
    CHECK(fake_count(",C,value*") == 1);
    order("C,cab01,1,L1,xx,5");
    fake_run(5);
    CHECK(fake_count(",C,limit*") == 1);
    order("K,cab01,0,00");
    fake_run(5);
    CHECK(fake_count(",K,type*") == 1);
}

static void nothing_is_sent_or_lost_while_the_line_is_full(void)
{
    start();
    fake.uart_full = true;
    fake_forget_output();
    open_door();
    fake_run(20000);
    CHECK(fake.out_count == 0);
    fake.uart_full = false;
    fake_run(50);
    CHECK(fake_count("L1,open,819*") >= 1);
}

static void dead_sensors_are_told_once_and_their_return_too(void)
{
    start();
    fake.weight.gone = fake.reader.gone = fake.distance.stuck = true;
    fake_run(5000);
    CHECK(fake_count("W1,fault,-1*") >= 1 && fake_count("C1,fault,-1*") >= 1);
    CHECK(fake_count("D1,fault,-2*") >= 1);
    fake_forget_output();
    fake_run(3000);
    CHECK(fake_count("$S,") == 3 && fake_count(",W1=") == 0);
    fake.weight.gone = fake.reader.gone = fake.distance.stuck = false;
    fake_run(3000);
    order("Q,cab01,0,0011223344556677");
    fake_forget_output();
    fake_run(50);
    CHECK(fake_count("fault,0*") == 3 && fake_count("fault,") == 6);
}

static void saturated_scale_is_a_fault(void)
{
    start();
    fake.weight.raw = 8388607;
    fake_run(1000);
    CHECK(fake_count("W1,fault,-2*") >= 1 && fake_count(",take,") + fake_count(",put,") == 0);
}

// ---- what outlives a reset -----------------------------------------------------------

static void restart(void)
{
    fake_forget_output();
    board_start();
    fake_run(200);
}

static void shake(int times)
{
    for (; times; times--) {
        fake.edges = 20;
        fake_run(1000);
    }
}

static void reset_within_the_first_moment_loses_nothing(void)
{
    start();
    open_door(); // not spilled yet: unacknowledged for 50 ms
    restart();
    CHECK(fake_count("$E,cab01,1,1,") == 1 && fake_count("L1,open,819*") == 2);
    order("A,cab01,1,1");
    fake_forget_output();
    order("Q,cab01,0,0011223344556677");
    fake_run(50);
    CHECK(fake_count("$E,cab01,1,") == 0 && fake_count("$E,cab01,2,1,") == 1);
}

static void power_cut_after_two_seconds_loses_nothing(void)
{
    start();
    open_door();
    fake_run(2200);
    fake_power_cut();
    restart();
    CHECK(fake_count("$E,cab01,1,1,") == 1);
    order("A,cab01,1,1");
    fake_run(50);
    fake_power_cut();
    restart();
    CHECK(fake_count("$E,cab01,1,") == 0);
}

static void while_the_fog_is_away_events_are_spilled_at_once(void)
{
    start();
    fake_run(10000);
    fake.light = 819;
    fake_run(160 + 100); // held for 150 ms; 20 bytes take 68 ms
    fake_power_cut();
    restart();
    CHECK(fake_count("L1,open,819*") >= 1 && fake_count("$E,cab01,1,1,") == 1);
}

static void acknowledged_events_cost_no_wear(void)
{
    start();
    for (int i = 1; i <= 200; i++) {
        char body[40];
        shake(1);
        snprintf(body, sizeof body, "A,cab01,1,%d", i);
        order(body);
    }
    for (int i = 64; i < 1024; i++)
        CHECK(fake.eeprom_wear[i] == 0);
}

static void ring_and_spill_together_hold_70_events_and_count_the_rest(void)
{
    start();
    shake(80);
    fake_run(5000);
    CHECK(fake_count(",70,10,700*") >= 1); // a heartbeat: pending, lost, free
    fake_forget_output();
    order("Q,cab01,0,0011223344556677");
    fake_run(200);
    CHECK(fake_count("$E,cab01,1,46,") == 1 && fake_count("$E,cab01,1,47,") == 0);
    CHECK(fake_count("$E,cab01,1,57,") == 1 && fake_count("$E,cab01,1,80,") == 1);
    restart(); // the ring outlives a reset
    CHECK(fake_count("$E,cab01,1,") == 70);
    order("A,cab01,1,80");
    fake_run(500);
    fake_forget_output();
    restart();
    CHECK(fake_count("$E,") == 0);
}

void test_cabinet(void)
{
    it_declares_itself_at_start_and_when_asked();
    each_start_counts_and_survives_a_power_cut();
    start_numbers_wrap_past_zero();
    id_comes_from_the_eeprom();
    oldest_event_is_resent_with_growing_pauses();
    younger_events_do_not_put_off_the_resend();
    acks_of_others_and_of_the_future_are_passed_over();
    refusals_name_type_and_reason();
    nothing_is_sent_or_lost_while_the_line_is_full();
    dead_sensors_are_told_once_and_their_return_too();
    saturated_scale_is_a_fault();
    reset_within_the_first_moment_loses_nothing();
    power_cut_after_two_seconds_loses_nothing();
    while_the_fog_is_away_events_are_spilled_at_once();
    acknowledged_events_cost_no_wear();
    ring_and_spill_together_hold_70_events_and_count_the_rest();
}
