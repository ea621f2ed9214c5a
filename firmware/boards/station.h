// What an Ethernet board keeps of its enrolment, in the EEPROM:
//   48..63     its key
//   1004..1014 own address, prefix length, the fog's address and port
//   1015..1022 CRC-32 of these eleven bytes, and of the key
// So the spill of such a board has one slot less.
#ifndef STATION_H
#define STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "guard.h"

struct station {
    uint8_t own[4];
    uint8_t prefix;
    uint8_t fog[4];
    uint8_t port[2]; // high byte first
};

// False when none was given, or the power went while it was written.
bool station_place(struct station *station);
bool station_key(uint8_t key[GUARD_KEY]);
// Durable on return; 30, 50 and 70 ms.
void station_keep_name(const char *id);
void station_keep_place(const struct station *station);
void station_keep_key(const uint8_t key[GUARD_KEY]);

#endif
