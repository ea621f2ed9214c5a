#include "enrol.h"

#include <string.h>

#include "deliver.h"
#include "frame.h"
#include "guard.h"
#include "hal.h"
#include "part.h"
#include "station.h"

#define OWN_TEXT 10 // digits of I: own address and prefix length
#define FOG_TEXT 12 // the fog's address and port
#define LINE_MS 30  // a whole line takes 9 ms

// ---- answers -------------------------------------------------------------------------

// `proven`: with the MAC of the connection that guard_open has just begun.
static void greet(struct frame *frame, uint32_t ms, bool proven)
{
    frame_begin(frame, 'H', 0, ms);
    frame_unsigned(frame, PROTOCOL);
    frame_text(frame, sketch.kind);
    frame_text(frame, VERSION);
    frame_unsigned(frame, sketch.count);
    frame_end(frame);
    if (proven)
        frame->length = guard_seal(frame->text, frame->length);
    serial_put(frame->text, frame->length);
}

static void refuse(struct frame *frame, uint32_t ms, char type, const char *reason)
{
    char name[2] = {type, '\0'};

    frame_begin(frame, 'N', 0, ms);
    frame_text(frame, name);
    frame_text(frame, reason);
    frame_end(frame);
    serial_put(frame->text, frame->length);
}

// ---- orders --------------------------------------------------------------------------

static bool exact_hex(const char *text, void *bytes, uint8_t digits)
{
    return strlen(text) == digits && guard_hex(text, bytes, digits >> 1);
}

static bool take_name(const struct order *order)
{
    struct station station;

    if (order->fields != 3 || !frame_id_valid(order->field[0]) ||
        !exact_hex(order->field[1], station.own, OWN_TEXT) ||
        !exact_hex(order->field[2], station.fog, FOG_TEXT))
        return false;
    station_keep_place(&station);
    station_keep_name(order->field[0]);
    frame_identity(order->field[0], frame_boot());
    return true;
}

static bool take_key(const struct order *order)
{
    uint8_t key[GUARD_KEY];

    if (order->fields != 1 || !exact_hex(order->field[0], key, 2 * GUARD_KEY))
        return false;
    station_keep_key(key);
    guard_key(key);
    return true;
}

static bool obey(struct frame *answer, uint32_t ms, const struct order *order)
{
    bool ours = strcmp(order->board, frame_id()) == 0;

    if (order->type == 'Q' && (ours || strcmp(order->board, "any") == 0)) {
        greet(answer, ms, false);
    } else if (ours && order->type == 'I') {
        if (take_name(order)) {
            greet(answer, ms, false);
            return true;
        }
        refuse(answer, ms, 'I', "value");
    } else if (ours && order->type == 'K') {
        if (take_key(order))
            return true;
        refuse(answer, ms, 'K', "value");
    }
    return false;
}

// A Q with a right MAC: answer with one, which proves the key.  It ends a connection of the network,
// whose nonce is forgotten.
static void prove(struct frame *frame, uint32_t ms)
{
    guard_begin();
    if (guard_open(frame->text, frame->length))
        greet(frame, ms, true);
    guard_begin();
}

static HAL_APART bool obey_line(struct frame *frame, uint32_t ms)
{
    struct inbox inbox = {.started = false};
    struct order order;
    bool whole = false;

    for (uint8_t i = 0; i < frame->length; i++)
        whole = frame_receive(&inbox, frame->text[i], &order);
    return whole && obey(frame, ms, &order);
}

// The rest of a line whose "$" has come, with it; 0 when it does not end in time or is too long.
// Somebody is at the cable: the sensors can wait so long, and no buffer stands idle all year.
static uint8_t read_line(char *line)
{
    uint32_t began_ms = hal_ms();
    uint8_t count = 1, byte;

    line[0] = '$';
    while (hal_ms() - began_ms < LINE_MS && count < FRAME_MAX) {
        if (!serial_get(&byte))
            continue;
        if (byte == '$')
            count = 0; // a cut line stood before it
        line[count++] = (char)byte;
        if (byte == '\n')
            return count;
    }
    return 0;
}

HAL_APART bool enrol_step(uint32_t ms)
{
    struct frame frame; // the line that comes, then the answer to it: the stack is short
    uint8_t byte;

    if (!serial_get(&byte) || byte != '$')
        return false;
    frame.length = read_line(frame.text);
    if (!memchr(frame.text, '#', frame.length))
        return obey_line(&frame, ms);
    prove(&frame, ms);
    return true;
}
