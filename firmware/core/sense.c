#include "sense.h"

#include <string.h>

#include "hal.h"
#include "part.h"

static const struct sense_row ROWS[SENSORS] HAL_FLASH = {
    [SENSE_LIGHT] = {"L1", "light", "counts", 10},
    [SENSE_SHAKE] = {"V1", "vibration", "edges", 10},
    [SENSE_DISTANCE] = {"D1", "distance", "mm", 60},
    [SENSE_WEIGHT] = {"W1", "weight", "counts", 100},
    [SENSE_TAG] = {"C1", "tag", "uid", 100},
    [SENSE_TAG_2] = {"C2", "tag", "uid", 100},
    [SENSE_TEMPERATURE] = {"T1", "temperature", "decicelsius", 2000},
    [SENSE_HUMIDITY] = {"H1", "humidity", "permille", 2000},
    [SENSE_LEVEL] = {"F1", "level", "counts", 100},
    [SENSE_CODE] = {"B1", "code", "hex", 50},
    [SENSE_CAMERA] = {"P1", "camera", "gray8", 0}, // when asked
};
static const char SPOKEN[WORDS][SENSE_WORD_MAX] HAL_FLASH = {
    [WORD_OPEN] = "open", [WORD_CLOSE] = "close", [WORD_SHAKE] = "shake",
    [WORD_MOVE] = "move", [WORD_TAKE] = "take",   [WORD_PUT] = "put",
    [WORD_IN] = "in",     [WORD_OUT] = "out",     [WORD_FAULT] = "fault",
    [WORD_CHANGE] = "change", [WORD_RISE] = "rise", [WORD_FALL] = "fall",
    [WORD_PART] = "part", [WORD_SCAN] = "scan",
};
static int8_t faults[SENSORS];

void sense_row(uint8_t sensor, struct sense_row *row)
{
    if (sensor < SENSORS)
        hal_flash_copy(row, &ROWS[sensor], sizeof *row);
    else
        *row = (struct sense_row){.name = "?"};
}

void sense_word(uint8_t word, char text[SENSE_WORD_MAX])
{
    hal_flash_copy(text, SPOKEN[word], SENSE_WORD_MAX);
}

void sense_clear(void) { memset(faults, 0, sizeof faults); }

void sense_fault(uint32_t ms, uint8_t sensor, int8_t code)
{
    if (faults[sensor] == code)
        return;
    faults[sensor] = code;
    ring_push(ms, sensor, WORD_FAULT, code);
}

int8_t sense_fault_of(uint8_t sensor) { return faults[sensor]; }

bool sense_set(const char *sensor, const char *limit, uint32_t value)
{
    struct sense_row row;

    for (uint8_t i = 0; i < sketch.count; i++) {
        sense_row(sketch.parts[i]->sensor, &row);
        if (strcmp(sensor, row.name) == 0)
            return sketch.parts[i]->set(limit, value);
    }
    return false;
}

bool sense_no_limit(const char *limit, uint32_t value)
{
    (void)limit, (void)value;
    return false;
}

bool sense_no_value(int32_t *value)
{
    (void)value;
    return false;
}
