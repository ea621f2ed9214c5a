#include "station.h"

#include "frame.h"
#include "hal.h"
#include "settings.h"

#define KEY_AT 48
#define PLACE_AT 1004
#define PLACE_CRC_AT 1015
#define KEY_CRC_AT 1019

static bool load(uint16_t at, uint16_t crc_at, void *bytes, uint8_t count)
{
    uint8_t *to = bytes;
    uint32_t crc = 0;

    for (uint8_t i = 0; i < count; i++)
        to[i] = hal_eeprom_read(at + i);
    for (uint8_t i = 0; i < 4; i++)
        crc = crc << 8 | hal_eeprom_read(crc_at + i);
    return crc == frame_crc(bytes, count);
}

static void keep(uint16_t at, uint16_t crc_at, const void *bytes, uint8_t count)
{
    const uint8_t *from = bytes;
    uint32_t crc = frame_crc(bytes, count);

    for (uint8_t i = 0; i < count; i++)
        hal_eeprom_write(at + i, from[i]);
    for (uint8_t i = 0; i < 4; i++)
        hal_eeprom_write(crc_at + i, (uint8_t)(crc >> (24 - 8 * i)));
}

bool station_place(struct station *station)
{
    return load(PLACE_AT, PLACE_CRC_AT, station, sizeof *station);
}

bool station_key(uint8_t key[GUARD_KEY]) { return load(KEY_AT, KEY_CRC_AT, key, GUARD_KEY); }

void station_keep_name(const char *id)
{
    for (uint8_t i = 0; i < ID_MAX; i++) {
        hal_eeprom_write(SETTINGS_ID + i, (uint8_t)*id);
        id += *id != 0; // the rest is zeros
    }
    hal_eeprom_write(0, SETTINGS_MARK);
}

void station_keep_place(const struct station *station)
{
    keep(PLACE_AT, PLACE_CRC_AT, station, sizeof *station);
}

void station_keep_key(const uint8_t key[GUARD_KEY]) { keep(KEY_AT, KEY_CRC_AT, key, GUARD_KEY); }
