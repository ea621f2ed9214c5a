// The first 64 bytes of the EEPROM: who this board is and how often it started.
//   0      0xF1, else nothing here counts
//   1..8   board id, padded with zeros
//   16..47 start counter, 8 cells of (number, its complement), written in turn
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdint.h>

#include "frame.h"

#define SETTINGS_MARK 0xF1
#define SETTINGS_ID 1
#define SETTINGS_STARTS 16
#define SETTINGS_CELLS 8

// The configured id, or the one built in when none is.
void settings_id(char id[ID_MAX + 1]);
// Count this start; returns its number, 1..65535, durable on return.
uint16_t settings_count_start(void);

#endif
