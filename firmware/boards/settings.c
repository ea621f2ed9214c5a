#include "settings.h"

#include <string.h>

#include "hal.h"

#ifndef BOARD_ID
#define BOARD_ID "cab01"
#endif

void settings_id(char id[ID_MAX + 1])
{
    id[0] = '\0';
    if (hal_eeprom_read(0) == SETTINGS_MARK)
        for (uint8_t i = 0; i < ID_MAX; i++)
            id[i] = (char)hal_eeprom_read(SETTINGS_ID + i);
    id[ID_MAX] = '\0';
    if (!frame_id_valid(id))
        strcpy(id, BOARD_ID);
}

static uint16_t read_u16(uint16_t address)
{
    return (uint16_t)(hal_eeprom_read(address) | hal_eeprom_read(address + 1) << 8);
}

static void write_u16(uint16_t address, uint16_t value)
{
    hal_eeprom_write(address, (uint8_t)value);
    hal_eeprom_write(address + 1, (uint8_t)(value >> 8));
}

static uint16_t cell_of(uint16_t start)
{
    return SETTINGS_STARTS + 4 * (start & (SETTINGS_CELLS - 1));
}

// The newest start on record; 0 when there is none.
static uint16_t last_start(void)
{
    uint16_t newest = 0;

    for (uint16_t i = 0; i < SETTINGS_CELLS; i++) {
        uint16_t start = read_u16(cell_of(i));
        // A cell cut by a power loss does not match its complement, an erased one neither.
        if ((start ^ read_u16(cell_of(i) + 2)) != UINT16_MAX || !start)
            continue;
        if (!newest || (int16_t)(start - newest) > 0)
            newest = start;
    }
    return newest;
}

uint16_t settings_count_start(void)
{
    uint16_t start = last_start() + 1;

    if (!start)
        start = 1; // 0 means any
    write_u16(cell_of(start), start);
    write_u16(cell_of(start) + 2, (uint16_t)~start);
    return start;
}
