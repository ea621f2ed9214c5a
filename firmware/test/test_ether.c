// The connection: dialled, proved, broken, begun again; no event lost.
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "frame.h"
#include "net_hal.h"
#include "pending.h"
#include "sense.h"

static const uint8_t WRONG_KEY[16] = "another key 1234";
static const uint8_t NONCE[8] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
static const uint8_t OTHER[8] = {9, 9, 9, 9, 9, 9, 9, 9};

static void talk(void)
{
    net_enrol();
    net_run(2000);
    net_say("Q,cab01,0,0011223344556677", NET_KEY, NONCE);
    net_run(50);
}

static void board_greets_plainly_once_and_says_no_more_before_the_fog_proves_itself(void)
{
    net_enrol();
    ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, 859);
    net_run(8000);
    CHECK(net_count("$H,cab01,1,0,") == 1 && net_count("$") == 1 && net_count("#") == 0);
    net_say("Q,cab01,0,0011223344556677", WRONG_KEY, NONCE);
    net_run(100);
    CHECK(net_count("$") == 1);
}

static void after_a_right_query_every_line_has_its_mac(void)
{
    talk();
    ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, 859);
    net_run(6000);
    CHECK(net_count("$H,") == 2 && net_count("$D,cab01,1,0,") == 1);
    CHECK(net_count(",L1,open,859#") >= 1 && net_count("$B,") == 1);
    CHECK(net_count("$") == net_count("#") + 1); // all but the first H
}

static void ack_of_the_fog_is_obeyed_and_that_of_another_is_not(void)
{
    talk();
    ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, 859);
    net_run(100);
    net_say("A,cab01,1,1", WRONG_KEY, NONCE);
    net_say("A,cab01,1,1", NET_KEY, OTHER);
    net.says_count += sprintf(net.says + net.says_count, "$A,cab01,1,1*%08X\n",
                              (unsigned)frame_crc("A,cab01,1,1", 11));
    net_run(100);
    CHECK(pending_count() == 1);
    net_say("A,cab01,1,1", NET_KEY, NONCE);
    net_run(100);
    CHECK(pending_count() == 0);
}

static void lines_in_pieces_and_among_noise_are_read(void)
{
    char whole[NET_ROOM];

    talk();
    ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, 859);
    net_run(100);
    net_say("A,cab01,1,1", NET_KEY, NONCE);
    size_t end = net.says_count, at = net.says_at;
    memcpy(whole, net.says, end);
    for (; at < end; at++) { // byte by byte
        net.says_count = at + 1;
        net_run(2);
    }
    CHECK(pending_count() == 0);
    for (int i = 0; i < 40; i++) // 4,000 bytes that are no line, past the chip's 2 KB
        net.says_count += sprintf(net.says + net.says_count, "%0100d", i);
    net.says_count += sprintf(net.says + net.says_count, "\n");
    ring_push(net.ms, SENSE_LIGHT, WORD_CLOSE, 20);
    net_say("A,cab01,1,2", NET_KEY, NONCE);
    net_run(500);
    CHECK(pending_count() == 0);
}

static void buffers_are_used_past_their_ends(void)
{
    talk();
    for (int i = 1; i <= 2000; i++) { // 70 KB each way
        ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, i % 1000);
        net_run(2);
        net.heard_count = net.says_at = net.says_count = 0;
        char body[40];
        snprintf(body, sizeof body, "A,cab01,1,%d", i);
        net_say(body, NET_KEY, NONCE);
        net_run(3);
        CHECK(pending_count() == 0);
    }
    CHECK(net.up && net.dials == 1);
}

static void nobody_there_is_dialled_with_growing_pauses(void)
{
    net_enrol();
    net.refuses = true;
    net_run(1000 + 2000 + 4000 + 500);
    CHECK(net.dials == 3);
    net_run(200000);
    CHECK(net.dials >= 9 && net.dials <= 11); // every 30 s
    net.refuses = false;
    for (int i = 0; i < 310 && !net.up; i++)
        net_run(100);
    CHECK(net.up);
}

static void fog_that_never_answers_is_given_up(void)
{
    net_enrol();
    net.away = true;
    net_run(1500);
    CHECK(net.dials == 1 && !net.up);
    net_run(8000);
    CHECK(net.dials == 2);
}

static void fog_that_hangs_up_is_dialled_again_and_gets_every_event(void)
{
    talk();
    ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, 859);
    net_run(100);
    net.closes = true;
    net_run(10);
    net.closes = false;
    CHECK(!net.up);
    ring_push(net.ms, SENSE_LIGHT, WORD_CLOSE, 20);
    net_run(3000);
    CHECK(net.up && net.dials == 2 && net_count("$H,cab01,1,0,") == 1 && net_count("#") == 0);
    net_say("Q,cab01,0,0909090909090909", NET_KEY, OTHER);
    net_run(100);
    CHECK(net_count(",1,1,") == 1 && net_count(",L1,close,20#") == 1);
}

static void cable_that_was_out_while_the_fog_gave_up_loses_nothing(void)
{
    talk();
    net.chip.no_link = true;
    ring_push(net.ms, SENSE_LIGHT, WORD_OPEN, 859);
    net_run(25000);
    CHECK(net_count(",L1,open,859#") == 0 && net.dials == 1);
    net.chip.no_link = false;
    net.closes = true;
    net_run(10);
    net.closes = false;
    net_run(3000);
    net_say("Q,cab01,0,0909090909090909", NET_KEY, OTHER);
    net_run(100);
    CHECK(net.dials == 2 && net_count(",L1,open,859#") == 1 && pending_count() == 1);
}

static void chip_that_goes_and_comes_back_is_set_up_again(void)
{
    talk();
    net.chip.gone = true;
    net_run(5000);
    net.chip.gone = false;
    net_run(5000);
    CHECK(net.up && net.dials == 2);
}

static void board_without_a_key_never_dials(void)
{
    net_start();
    net_board_start();
    net_usb(NET_PLACE);
    net_run(20000);
    CHECK(net.dials == 0);
}

void test_ether(void)
{
    board_greets_plainly_once_and_says_no_more_before_the_fog_proves_itself();
    after_a_right_query_every_line_has_its_mac();
    ack_of_the_fog_is_obeyed_and_that_of_another_is_not();
    lines_in_pieces_and_among_noise_are_read();
    buffers_are_used_past_their_ends();
    nobody_there_is_dialled_with_growing_pauses();
    fog_that_never_answers_is_given_up();
    fog_that_hangs_up_is_dialled_again_and_gets_every_event();
    cable_that_was_out_while_the_fog_gave_up_loses_nothing();
    chip_that_goes_and_comes_back_is_set_up_again();
    board_without_a_key_never_dials();
}
