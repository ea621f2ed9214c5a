// Enrolment over USB: name, place and key, and nothing else.
#include <string.h>

#include "check.h"
#include "net_hal.h"
#include "settings.h"
#include "station.h"

#define QUERY "$Q,cab01,0,0011223344556677#92BFBBDD23779B3B*E2701C11\n"

static void board_is_named_placed_and_keyed_over_usb(void)
{
    struct station station;
    uint8_t key[GUARD_KEY];
    char id[ID_MAX + 1];

    net_start();
    net_board_start();
    CHECK(!station_place(&station) && !station_key(key));
    net_usb("Q,any,0,0011223344556677");
    CHECK(net_usb_count("$H,new,1,0,") == 1);
    net_usb(NET_PLACE);
    CHECK(net_usb_count("$H,cab01,1,0,") == 1);
    net_usb(NET_KEY_LINE);
    net_run(3000);
    settings_id(id);
    CHECK(strcmp(id, "cab01") == 0 && station_place(&station) && station_key(key));
    CHECK(station.own[3] == 20 && station.prefix == 24 && station.fog[3] == 1);
    CHECK(memcmp(key, NET_KEY, sizeof key) == 0);
    CHECK(net.dials == 1 && net.port == 4711 && memcmp(net.address, station.fog, 4) == 0);
}

static void key_is_proved_and_never_told(void)
{
    net_enrol();
    net.usb_count = 0;
    net.usb = QUERY;
    net_run(1);
    CHECK(net_usb_count("$H,cab01,1,0,") == 1 && net_usb_count("#") == 1);
    CHECK(net_usb_count("000102") == 0);
    net.usb_count = 0;
    net.usb = "$Q,cab01,0,0011223344556677#92BFBBDD23779B3C*7E4AFB5E\n";
    net_run(1);
    CHECK(net.usb_count == 0);
    net_usb("E,cab01,0,1");
    net_usb("A,cab01,1,1");
    CHECK(net.usb_count == 0);
}

static void misspelt_orders_are_refused_and_change_nothing(void)
{
    static const char *const WRONG[] = {
        "I,cab01,0,cab02",
        "I,cab01,0,any,C0A8071418,C0A807011267",
        "I,cab01,0,cab02,C0A80714,C0A807011267",
        "I,cab01,0,cab02,C0A8071418,C0A80701126g",
        "K,cab01,0,0001",
        "K,cab01,0,000102030405060708090A0B0C0D0E0f",
        "K,cab01,0,000102030405060708090A0B0C0D0E0F00",
    };
    uint8_t before[sizeof net.eeprom];

    net_enrol();
    memcpy(before, net.eeprom, sizeof before);
    net.usb_count = 0;
    for (unsigned i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        net_usb(WRONG[i]);
    CHECK(net_usb_count(",I,value*") == 4 && net_usb_count(",K,value*") == 3);
    CHECK(memcmp(before, net.eeprom, sizeof before) == 0);
}

static void half_a_line_on_usb_ends_and_the_next_one_is_heard(void)
{
    net_enrol();
    net.usb_count = 0;
    net.usb = "$Q,any,0,00";
    net_run(100);
    net.usb = "noise $Q,any$Q,any,0,0011223344556677*D505B7B9\n";
    net_run(10);
    CHECK(net_usb_count("$H,cab01") == 1);
}

static void power_cut_in_mid_enrolment_leaves_no_half_key(void)
{
    struct station station;
    uint8_t key[GUARD_KEY];

    for (int writes = 0; writes < 20; writes++) {
        net_enrol();
        net.writes_left = writes;
        net_usb("K,cab01,0,FFEEDDCCBBAA99887766554433221100");
        CHECK(!station_key(key) || key[0] == (writes ? 0xFF : 0x00));
        net_enrol();
        net.writes_left = writes;
        net_usb("I,cab01,0,cab01,0A00000208,0A0000010050");
        CHECK(!station_place(&station) || station.own[0] == (writes ? 0x0A : 0xC0));
    }
}

void test_enrol(void)
{
    board_is_named_placed_and_keyed_over_usb();
    key_is_proved_and_never_told();
    misspelt_orders_are_refused_and_change_nothing();
    half_a_line_on_usb_ends_and_the_next_one_is_heard();
    power_cut_in_mid_enrolment_leaves_no_half_key();
}
