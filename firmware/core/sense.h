// What readings mean: each sensor's rule, reading in, event into the ring.
// Values are raw (counts, mm, edges); the fog knows the calibration.
#ifndef SENSE_H
#define SENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

enum sensor { SENSE_LIGHT, SENSE_SHAKE, SENSE_DISTANCE, SENSE_WEIGHT, SENSE_TAG, SENSORS };

#define TAGS_MAX 6 // tags followed at a time; the board promises four

// Codes of the event word "fault".
#define FAULT_NONE 0     // works again
#define FAULT_ABSENT (-1)  // no answer
#define FAULT_STUCK (-2)   // always high, or saturated
#define FAULT_CROWDED (-3) // more tags in the field than TAGS_MAX

#define DISTANCE_NONE (-1)  // no echo came back
#define DISTANCE_STUCK (-2) // the echo line stays high

const char *sense_name(uint8_t sensor); // "L1"
const char *sense_type(uint8_t sensor); // "light"
const char *sense_unit(uint8_t sensor); // "counts"
uint16_t sense_period_ms(uint8_t sensor);
const char *sense_word(uint8_t word);

// Forget all state and take the start values of every limit.
void sense_clear(void);
// open at >= 600 counts, close at <= 400, each held for 150 ms.
void sense_light(uint32_t ms, uint16_t counts);
// Call every 10 ms.  A burst of >= 5 edges is one shake, told when it has been quiet for
// 0.1 s or lasts 1 s; the next one needs 0.8 s of quiet before it.
void sense_shake(uint32_t ms, uint16_t edges);
// Median of 5; move when two medians in a row are >= 30 mm from the last told place.
void sense_distance(uint32_t ms, int16_t mm);
// take or put when three samples within 600 counts rest >= 2,000 from the last rest.
// Slower change is followed at one count a sample and stays silent.
void sense_weight(uint32_t ms, int32_t counts);
// A tag answered: in when it was not there.
void sense_tag(uint32_t ms, const struct uid *uid);
// A poll of the reader ended: out for each tag silent for 2 s.
void sense_tags_age(uint32_t ms);
// The reader is away.  Its tags are neither in nor out until it is back.
void sense_tags_hold(uint32_t ms);
// Tell a fault, or its end (FAULT_NONE), once.
void sense_fault(uint32_t ms, uint8_t sensor, int8_t code);
// The newest value for the S frame; false when there is none.
bool sense_newest(uint8_t sensor, int32_t *value);
// Set a limit: L1 on|off, V1 edges, D1 move, W1 step.  False, and nothing changed, when
// there is no such limit or it does not take this value.  Holds until the next start.
bool sense_set(const char *sensor, const char *limit, uint32_t value);

#endif
