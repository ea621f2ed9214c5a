#include "ether.h"

#include <string.h>

#include "deliver.h"
#include "enrol.h"
#include "frame.h"
#include "guard.h"
#include "hal.h"
#include "station.h"
#include "w5500.h"

#define WAIT_MIN_MS 1000 // before the next trial; doubles up to the longest
#define WAIT_MAX_MS 30000
#define DIAL_MS 5000
#define ASK_MS 10000 // for the fog's Q; later TCP itself notices a fog that is gone
#define PORT_BASE 49152 // of the ports that are nobody's

// OFFLINE: no chip, no place or no key.  GREETING: one plain H is to go.  ASKED: waits for a right Q.
enum stage { OFFLINE, RESTING, DIALING, GREETING, ASKED, TALKING };

static enum stage stage;
static uint32_t since_ms; // of the stage
static uint16_t rest_ms;
static uint16_t dialed; // connections tried
static bool started;

static void enter(enum stage next, uint32_t ms)
{
    stage = next;
    since_ms = ms;
}

// ---- the connection ------------------------------------------------------------------

// An address of our own making, of the range that is nobody's: 02, "FN", CRC of the board's id.
static bool start_chip(void)
{
    struct station station;
    struct w5500_place place = {.hardware = {0x02, 'F', 'N'}};
    uint32_t crc = frame_crc(frame_id(), (uint8_t)strlen(frame_id()));

    if (!station_place(&station))
        return false;
    for (uint8_t i = 3; i < sizeof place.hardware; i++, crc >>= 8)
        place.hardware[i] = (uint8_t)crc;
    memcpy(place.own, station.own, sizeof place.own);
    place.prefix = station.prefix;
    return w5500_start(&place);
}

static HAL_APART void start(uint32_t ms)
{
    uint8_t key[GUARD_KEY];

    if (station_key(key) && start_chip()) {
        guard_key(key);
        enter(RESTING, ms);
    } else {
        enter(OFFLINE, ms);
    }
    rest_ms = WAIT_MIN_MS;
}

static void rest(uint32_t ms)
{
    w5500_close();
    guard_begin();
    enter(RESTING, ms);
}

static void fail(uint32_t ms)
{
    rest(ms);
    rest_ms = rest_ms >= WAIT_MAX_MS / 2 ? WAIT_MAX_MS : rest_ms * 2;
}

static void dial(uint32_t ms)
{
    struct station station;

    if (!station_place(&station))
        return;
    // A port that an earlier connection had may still be known to the fog.
    uint16_t own = PORT_BASE + ((frame_boot() << 5 ^ dialed++) & 0x3FFF);
    w5500_dial(own, station.fog, (uint16_t)(station.port[0] << 8 | station.port[1]));
    enter(DIALING, ms);
}

// ---- what comes ----------------------------------------------------------------------

static void hear(uint32_t ms, char *line, uint8_t count)
{
    uint8_t plain = guard_open(line, count);

    if (!plain)
        return;
    if (stage == ASKED)
        rest_ms = WAIT_MIN_MS; // this fog is the right one
    enter(TALKING, ms);
    for (uint8_t i = 0; i < plain; i++)
        deliver_receive(ms, (uint8_t)line[i]);
}

// One whole line at a time; half a line waits in the chip.  What is no line is thrown away.
static HAL_APART void read_line(uint32_t ms)
{
    char line[FRAME_MAX];
    uint8_t count = w5500_peek(line, sizeof line);
    const char *end = memchr(line, '\n', count);

    if (!end && count < sizeof line)
        return;
    if (end)
        count = (uint8_t)(end - line + 1);
    w5500_take(count);
    if (end)
        hear(ms, line, count);
}

static void serve(uint32_t ms, enum w5500_state state)
{
    if (state != W5500_UP) {
        fail(ms);
        return;
    }
    read_line(ms);
    if (stage != TALKING && ms - since_ms >= ASK_MS)
        fail(ms);
}

static void turn(uint32_t ms)
{
    enum w5500_state state = w5500_state();

    if (state == W5500_GONE) {
        enter(OFFLINE, ms);
    } else if (stage == RESTING) {
        if (ms - since_ms >= rest_ms)
            dial(ms);
    } else if (stage != DIALING) {
        serve(ms, state);
    } else if (state == W5500_UP) {
        guard_begin();
        deliver_start(ms); // H first
        enter(GREETING, ms);
    } else if (state == W5500_CLOSED || ms - since_ms >= DIAL_MS) {
        fail(ms);
    }
}

void ether_restart(void) { started = false; }

void ether_step(uint32_t ms)
{
    if (enrol_step(ms))
        ether_restart();
    if (!started) {
        started = true;
        start(ms);
    }
    if (stage != OFFLINE)
        turn(ms);
    else if (ms - since_ms >= WAIT_MIN_MS)
        start(ms); // the chip may have been plugged in, or a key been given
}

// ---- what goes -----------------------------------------------------------------------

uint8_t ether_room(void)
{
    if (stage != GREETING && !(stage == TALKING && guard_talking()))
        return 0;
    return w5500_room() < 2 * FRAME_MAX ? 0 : FRAME_MAX;
}

void ether_put(const char *bytes, uint8_t count)
{
    char *line = (char *)bytes; // the text of a struct frame: BODY_MAX leaves room for the MAC

    if (stage == GREETING)
        enter(ASKED, since_ms);
    else
        count = guard_seal(line, count);
    if (count)
        w5500_send(line, count);
}
