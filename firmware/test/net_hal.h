// hal.h for the tests of the network: time that the tests turn, a W5500 model, a fog in memory.
#ifndef NET_HAL_H
#define NET_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "w5500_model.h"

#define NET_ROOM 8192

struct net {
    uint32_t ms;
    int writes_left; // of the EEPROM, before the power goes; -1 = never
    uint8_t eeprom[1024];
    struct w5500_model chip;
    // the fog's end
    bool refuses;      // nobody listens
    bool away;         // nobody answers
    int dials;
    uint8_t address[4];
    uint16_t port;
    bool up, closes;   // closes: the fog ends the connection
    char heard[NET_ROOM]; // all the board sent in this connection
    size_t heard_count;
    char says[NET_ROOM];
    size_t says_at, says_count;
    // the USB line
    const char *usb;
    char usb_out[NET_ROOM];
    size_t usb_count;
};

extern struct net net;
extern const uint8_t NET_KEY[16]; // 00 01 .. 0F
#define NET_PLACE "I,new,0,cab01,C0A8071418,C0A807011267"
#define NET_KEY_LINE "K,cab01,0,000102030405060708090A0B0C0D0E0F"

void test_guard(void);
void test_enrol(void);
void test_ether(void);

// A new board: empty EEPROM, nobody on either line.
void net_start(void);
// Pass so many ms, with one pass of the board's loop each.
void net_run(uint32_t ms);
// Let the fog send a plain body, with the MAC of this key and nonce.
void net_say(const char *body, const uint8_t *key, const uint8_t *nonce);
// Put a body on the USB line, sealed by its CRC.
void net_usb(const char *body);
// Start the board as after a reset.
void net_board_start(void);
// A new board that has got name, place and key.
void net_enrol(void);
// How often a text stands in what the fog heard, or in what USB said.
int net_count(const char *text);
int net_usb_count(const char *text);

#endif
