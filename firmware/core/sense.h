// What readings mean: the registry of sensors, and each one's rule, reading in, event out.
// A new kind of sensor is a row here, a rule and a driver; its values are raw (counts, mm,
// edges), the fog knows the calibration.
#ifndef SENSE_H
#define SENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

// Numbers lie in spilled records: new ones go to the end, none is used again.
enum sensor {
    SENSE_LIGHT,
    SENSE_SHAKE,
    SENSE_DISTANCE,
    SENSE_WEIGHT,
    SENSE_TAG,
    SENSE_TAG_2,
    SENSE_TEMPERATURE,
    SENSE_HUMIDITY,
    SENSE_LEVEL,
    SENSE_CODE,
    SENSE_CAMERA,
    SENSORS,
};

struct sense_row {
    char name[4];   // "L1"
    char type[12];  // "light"
    char unit[12];  // "counts"
    uint16_t period_ms;
};

#define SENSE_WORD_MAX 7

#define TAGS_MAX 6 // tags followed at a time by a reader; the board promises four
#ifndef READERS
#define READERS 1 // of tags, on this board
#endif

// Codes of the event word "fault".
#define FAULT_NONE 0     // works again
#define FAULT_ABSENT (-1)  // no answer
#define FAULT_STUCK (-2)   // always high, saturated or shorted
#define FAULT_CROWDED (-3) // more tags in the field than TAGS_MAX
#define FAULT_GARBLED (-4) // answers that are not whole

#define DISTANCE_NONE (-1)  // no echo came back
#define DISTANCE_STUCK (-2) // the echo line stays high

// The registry.  A number outside it gives a row of the name "?".
void sense_row(uint8_t sensor, struct sense_row *row);
void sense_word(uint8_t word, char text[SENSE_WORD_MAX]);
// Forget all faults.
void sense_clear(void);
// Tell a fault, or its end (FAULT_NONE), once.
void sense_fault(uint32_t ms, uint8_t sensor, int8_t code);
int8_t sense_fault_of(uint8_t sensor);
// Set a limit of a sensor by name.  False, and nothing changed, when there is none such or
// it does not take this value.  Holds until the next start.
bool sense_set(const char *sensor, const char *limit, uint32_t value);
// For sensors without limits, or without a reading for S.
bool sense_no_limit(const char *limit, uint32_t value);
bool sense_no_value(int32_t *value);

// Light: open at >= `on` 600 counts, close at <= `off` 400, each held for 150 ms.
void light_clear(void);
void light_sense(uint32_t ms, uint16_t counts);
bool light_newest(int32_t *value);
bool light_set(const char *limit, uint32_t value);

// Vibration, every 10 ms.  A burst of >= `edges` 5 edges is one shake, told when it has been
// quiet for 0.1 s or lasts 1 s; the next one needs 0.8 s of quiet before it.
void shake_clear(void);
void shake_sense(uint32_t ms, uint16_t edges);
bool shake_set(const char *limit, uint32_t value);

// Distance: median of 5; move when two medians in a row are >= `move` 30 mm from the last
// told place.
void distance_clear(void);
void distance_sense(uint32_t ms, int16_t mm);
bool distance_newest(int32_t *value);
bool distance_set(const char *limit, uint32_t value);

// Weight: take or put when three samples within 600 counts rest >= `step` 2,000 from the
// last rest.  Slower change is followed at one count a sample and stays silent.
void weight_clear(void);
void weight_sense(uint32_t ms, int32_t counts);
bool weight_newest(int32_t *value);
bool weight_set(const char *limit, uint32_t value);

// Tags; reader is 0 to READERS - 1.
void tags_clear(uint8_t reader);
// A tag answered: in when it was not there.
void tags_sense(uint32_t ms, uint8_t reader, const struct uid *uid);
// A poll of the reader ended: out for each tag silent for 2 s.
void tags_age(uint32_t ms, uint8_t reader);
// The reader is away.  Its tags are neither in nor out until it is back.
void tags_hold(uint32_t ms, uint8_t reader);

// Temperature (tenths of a degree Celsius) and humidity (tenths of a percent): change when
// three readings in a row are >= `step` (10, and 50) from the value last told.
void climate_clear(void);
void climate_sense(uint32_t ms, int16_t decicelsius, int16_t permille);
bool temperature_newest(int32_t *value);
bool temperature_set(const char *limit, uint32_t value);
bool humidity_newest(int32_t *value);
bool humidity_set(const char *limit, uint32_t value);

// Liquid level: rise or fall when five readings within 8 counts rest >= `step` 20 counts
// from the last rest.
void level_clear(void);
void level_sense(uint32_t ms, uint16_t counts);
bool level_newest(int32_t *value);
bool level_set(const char *limit, uint32_t value);

// Scans of a code reader: each is told in pieces of 7 bytes, part ... part, scan.  It ends by
// CR, LF or 50 ms of silence; the same scan within 2 s counts once; one of more than SCAN_MAX
// bytes is a fault.
#define SCAN_MAX 84 // 12 records: half of the ring
void scan_clear(void);
void scan_sense(uint32_t ms, uint8_t byte);
// No byte waits.
void scan_idle(uint32_t ms);

#endif
