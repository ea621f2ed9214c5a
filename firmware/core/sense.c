#include "sense.h"

#include <string.h>

#define HOLD_MS 150
#define QUIET_MS 100
#define REARM_MS 800
#define BURST_MS 1000
#define MEDIAN 5
#define WEIGHT_BAND 600
#define TAG_HOLD_MS 2000

static const struct {
    const char *name, *type, *unit;
    uint16_t period_ms;
} ROWS[SENSORS] = {
    {"L1", "light", "counts", 10}, {"V1", "vibration", "edges", 10},
    {"D1", "distance", "mm", 60},  {"W1", "weight", "counts", 100},
    {"C1", "tag", "uid", 100},
};
static const char *const WORDS[] = {
    "open", "close", "shake", "move", "take", "put", "in", "out", "fault",
};

static struct {
    uint16_t on, off;
    bool open, waiting;
    uint32_t since_ms;
    uint16_t newest;
} light;

static struct {
    uint16_t enough;
    uint16_t edges; // of the burst so far
    bool armed;
    uint32_t first_ms, last_ms;
} shake;

static struct {
    uint16_t move;
    int16_t last[MEDIAN];
    uint8_t filled, next, away;
    int16_t told; // the place last told; valid once filled == MEDIAN
    int16_t newest;
    bool known;
} distance;

static struct {
    uint16_t step;
    int32_t last[3];
    uint8_t filled;
    bool rested;
    int32_t rest;
} weight;

static struct tag {
    struct uid uid; // length 0 = free place
    uint32_t seen_ms;
} tags[TAGS_MAX];

static int8_t faults[SENSORS];

const char *sense_name(uint8_t sensor) { return ROWS[sensor].name; }
const char *sense_type(uint8_t sensor) { return ROWS[sensor].type; }
const char *sense_unit(uint8_t sensor) { return ROWS[sensor].unit; }
uint16_t sense_period_ms(uint8_t sensor) { return ROWS[sensor].period_ms; }
const char *sense_word(uint8_t word) { return WORDS[word]; }

void sense_clear(void)
{
    memset(&light, 0, sizeof light);
    memset(&shake, 0, sizeof shake);
    memset(&distance, 0, sizeof distance);
    memset(&weight, 0, sizeof weight);
    memset(tags, 0, sizeof tags);
    memset(faults, 0, sizeof faults);
    light.on = 600;
    light.off = 400;
    shake.enough = 5;
    shake.armed = true;
    distance.move = 30;
    weight.step = 2000;
}

// ---- light ---------------------------------------------------------------------------

void sense_light(uint32_t ms, uint16_t counts)
{
    light.newest = counts;
    if (light.open ? counts > light.off : counts < light.on) {
        light.waiting = false;
        return;
    }
    if (!light.waiting) {
        light.waiting = true;
        light.since_ms = ms;
    }
    if (ms - light.since_ms < HOLD_MS)
        return;
    light.waiting = false;
    light.open = !light.open;
    ring_push(ms, SENSE_LIGHT, light.open ? WORD_OPEN : WORD_CLOSE, counts);
}

// ---- vibration -----------------------------------------------------------------------

static void end_burst(uint32_t ms)
{
    if (shake.armed && shake.edges >= shake.enough) {
        ring_push(ms, SENSE_SHAKE, WORD_SHAKE, shake.edges);
        shake.armed = false; // a running tractor is told once, not once a second
    }
    shake.edges = 0;
}

void sense_shake(uint32_t ms, uint16_t edges)
{
    if (edges) {
        if (!shake.edges)
            shake.first_ms = ms;
        shake.last_ms = ms;
        shake.edges = UINT16_MAX - shake.edges < edges ? UINT16_MAX : shake.edges + edges;
    }
    uint32_t quiet_ms = ms - shake.last_ms;
    if (quiet_ms >= REARM_MS)
        shake.armed = true;
    if (!shake.edges)
        return;
    // Too few edges stay open for the whole second: they may be the start of more.
    bool done = shake.edges >= shake.enough && quiet_ms >= QUIET_MS;
    if (done || ms - shake.first_ms >= BURST_MS)
        end_burst(ms);
}

// ---- distance ------------------------------------------------------------------------

static int16_t median(void)
{
    int16_t sorted[MEDIAN];

    for (uint8_t i = 0; i < MEDIAN; i++) {
        uint8_t at = i;
        for (; at && sorted[at - 1] > distance.last[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = distance.last[i];
    }
    return sorted[MEDIAN / 2];
}

static void judge_distance(uint32_t ms, int16_t mm)
{
    int16_t moved = mm - distance.told;

    if ((uint16_t)(moved < 0 ? -moved : moved) < distance.move) {
        distance.away = 0;
    } else if (++distance.away == 2) {
        distance.away = 0;
        distance.told = mm;
        ring_push(ms, SENSE_DISTANCE, WORD_MOVE, mm);
    }
}

void sense_distance(uint32_t ms, int16_t mm)
{
    distance.newest = mm;
    distance.known = true;
    sense_fault(ms, SENSE_DISTANCE, mm == DISTANCE_STUCK ? FAULT_STUCK : FAULT_NONE);
    if (mm < 0)
        return;
    distance.last[distance.next] = mm;
    distance.next = distance.next == MEDIAN - 1 ? 0 : distance.next + 1;
    if (distance.filled == MEDIAN) {
        distance.newest = median();
        judge_distance(ms, distance.newest);
    } else if (++distance.filled == MEDIAN) {
        distance.told = median();
    }
}

// ---- weight --------------------------------------------------------------------------

static bool weight_stable(void)
{
    int32_t low = weight.last[0], high = weight.last[0];

    for (uint8_t i = 1; i < 3; i++) {
        if (weight.last[i] < low)
            low = weight.last[i];
        if (weight.last[i] > high)
            high = weight.last[i];
    }
    return weight.filled == 3 && high - low <= WEIGHT_BAND;
}

static int32_t weight_middle(void)
{
    int32_t a = weight.last[0], b = weight.last[1], c = weight.last[2];

    if ((a <= b) == (b <= c))
        return b;
    return (b <= a) == (a <= c) ? a : c;
}

static void judge_weight(uint32_t ms, int32_t counts)
{
    int32_t change = counts - weight.rest;

    if (change >= (int32_t)weight.step || -change >= (int32_t)weight.step) {
        weight.rest = counts;
        ring_push(ms, SENSE_WEIGHT, change < 0 ? WORD_TAKE : WORD_PUT, change);
    } else if (change) {
        weight.rest += change < 0 ? -1 : 1; // drift by heat and creep; theft is faster
    }
}

void sense_weight(uint32_t ms, int32_t counts)
{
    weight.last[0] = weight.last[1];
    weight.last[1] = weight.last[2];
    weight.last[2] = counts;
    if (weight.filled < 3)
        weight.filled++;
    if (!weight_stable())
        return;
    int32_t middle = weight_middle();
    if (weight.rested)
        judge_weight(ms, middle);
    else
        weight.rest = middle;
    weight.rested = true;
}

// ---- tags ----------------------------------------------------------------------------

static bool same_uid(const struct uid *a, const struct uid *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

void sense_tag(uint32_t ms, const struct uid *uid)
{
    struct tag *free = 0;

    for (struct tag *tag = tags; tag < tags + TAGS_MAX; tag++) {
        if (!tag->uid.length) {
            free = tag;
        } else if (same_uid(&tag->uid, uid)) {
            tag->seen_ms = ms;
            return;
        }
    }
    if (!free) {
        sense_fault(ms, SENSE_TAG, FAULT_CROWDED);
        return;
    }
    free->uid = *uid;
    free->seen_ms = ms;
    ring_push_tag(ms, SENSE_TAG, WORD_IN, uid);
}

void sense_tags_age(uint32_t ms)
{
    for (struct tag *tag = tags; tag < tags + TAGS_MAX; tag++) {
        if (!tag->uid.length || ms - tag->seen_ms < TAG_HOLD_MS)
            continue;
        ring_push_tag(ms, SENSE_TAG, WORD_OUT, &tag->uid);
        tag->uid.length = 0;
        if (faults[SENSE_TAG] == FAULT_CROWDED)
            sense_fault(ms, SENSE_TAG, FAULT_NONE);
    }
}

void sense_tags_hold(uint32_t ms)
{
    for (struct tag *tag = tags; tag < tags + TAGS_MAX; tag++)
        tag->seen_ms = ms;
}

// ---- all -----------------------------------------------------------------------------

void sense_fault(uint32_t ms, uint8_t sensor, int8_t code)
{
    if (faults[sensor] == code)
        return;
    faults[sensor] = code;
    ring_push(ms, sensor, WORD_FAULT, code);
}

bool sense_newest(uint8_t sensor, int32_t *value)
{
    if (sensor == SENSE_LIGHT)
        *value = light.newest;
    else if (sensor == SENSE_DISTANCE && distance.known)
        *value = distance.newest;
    else if (sensor == SENSE_WEIGHT && weight.filled && !faults[SENSE_WEIGHT])
        *value = weight.last[2];
    else
        return false;
    return true;
}

bool sense_set(const char *sensor, const char *limit, uint32_t value)
{
    const struct {
        const char *sensor, *limit;
        uint16_t *place, low, high;
    } limits[] = {
        {"L1", "on", &light.on, light.off + 1, 1023},
        {"L1", "off", &light.off, 0, light.on - 1},
        {"V1", "edges", &shake.enough, 1, 1000},
        {"D1", "move", &distance.move, 10, 4000},
        {"W1", "step", &weight.step, WEIGHT_BAND, 60000},
    };

    for (uint8_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (strcmp(sensor, limits[i].sensor) != 0 || strcmp(limit, limits[i].limit) != 0)
            continue;
        if (value < limits[i].low || value > limits[i].high)
            return false;
        *limits[i].place = (uint16_t)value;
        return true;
    }
    return false;
}
