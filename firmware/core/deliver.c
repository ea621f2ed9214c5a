#include "deliver.h"

#include <string.h>

#include "frame.h"
#include "hal.h"
#include "part.h"
#include "pending.h"
#include "sense.h"

#define RESEND_MS 1000
#define RESEND_MAX_MS 30000
#define SAMPLE_MS 1000
#define BEAT_MS 5000
#define FOG_AWAY_MS 10000 // no line from it: the next thing it does may be to reset this board

static struct inbox inbox;
static uint8_t declared;       // lines of the declaration already sent
static uint8_t sent;           // pending events already sent, oldest first
static uint32_t lost_seen;     // pending_lost() that `sent` already allows for
static uint32_t resend_ms;     // how long to wait for the acknowledgement of the oldest
static uint32_t sent_ms;       // when the oldest event was last sent
static uint32_t sampled_ms, beat_ms;
static uint32_t heard_ms;      // when the fog last spoke to this board
static char refused_type;      // 0 = nothing to refuse
static const char *refused_reason;

void deliver_start(uint32_t ms)
{
    memset(&inbox, 0, sizeof inbox);
    declared = 0;
    sent = 0;
    lost_seen = pending_lost();
    resend_ms = RESEND_MS;
    sent_ms = sampled_ms = beat_ms = heard_ms = ms;
    refused_type = 0;
}

// ---- orders --------------------------------------------------------------------------

static void refuse(char type, const char *reason)
{
    refused_type = type;
    refused_reason = reason;
}

static void obey_query(const struct order *order)
{
    if (order->boot && order->boot != frame_boot()) {
        refuse('Q', "boot");
        return;
    }
    declared = 0;
    sent = 0; // every pending event again, in order
    resend_ms = RESEND_MS;
}

static void obey_ack(uint32_t ms, const struct order *order)
{
    uint32_t seq;

    if (order->fields != 1 || !frame_parse(order->field[0], UINT16_MAX, &seq) || !seq)
        return;
    uint8_t dropped = pending_drop(order->boot, (uint16_t)seq); // of an earlier start too
    if (!dropped)
        return;
    sent = sent > dropped ? sent - dropped : 0;
    resend_ms = RESEND_MS;
    sent_ms = ms;
}

static void obey_config(const struct order *order)
{
    uint32_t value;

    if (order->boot != frame_boot())
        refuse('C', "boot");
    else if (order->fields != 3 || !frame_parse(order->field[2], UINT16_MAX, &value))
        refuse('C', "value");
    else if (!sense_set(order->field[0], order->field[1], value))
        refuse('C', "limit");
}

static void obey(uint32_t ms, const struct order *order)
{
    bool ours = strcmp(order->board, frame_id()) == 0;

    if (ours || strcmp(order->board, "any") == 0)
        heard_ms = ms;
    if (order->type == 'Q' && (ours || strcmp(order->board, "any") == 0))
        obey_query(order);
    else if (!ours)
        return;
    else if (order->type == 'A')
        obey_ack(ms, order);
    else if (order->type == 'C')
        obey_config(order);
    else if (order->type >= 'A' && order->type <= 'Z')
        refuse(order->type, "type");
}

void deliver_receive(uint32_t ms, uint8_t byte)
{
    struct order order;

    if (frame_receive(&inbox, (char)byte, &order))
        obey(ms, &order);
}

// ---- lines ---------------------------------------------------------------------------

static void send(struct frame *frame)
{
    frame_end(frame);
    hal_uart_put(frame->text, frame->length);
}

static void send_declaration(struct frame *frame, uint32_t ms)
{
    struct sense_row row;

    frame_begin(frame, declared ? 'D' : 'H', 0, ms);
    if (declared) { // line 0 is H
        sense_row(sketch.parts[declared - 1]->sensor, &row);
        frame_text(frame, row.name);
        frame_text(frame, row.type);
        frame_text(frame, row.unit);
        frame_unsigned(frame, row.period_ms);
    } else {
        frame_unsigned(frame, PROTOCOL);
        frame_text(frame, sketch.kind);
        frame_text(frame, VERSION);
        frame_unsigned(frame, sketch.count);
    }
    declared++;
    send(frame);
}

static void send_event(struct frame *frame, uint32_t ms, uint8_t place)
{
    struct record record;

    if (place == 0)
        sent_ms = ms; // younger ones must not put off the resending of the oldest
    if (!pending_at(place, &record)) // the fog sees the gap in seq
        return;
    frame_event(frame, &record);
    hal_uart_put(frame->text, frame->length);
}

static void send_refusal(struct frame *frame, uint32_t ms)
{
    char type[2] = {refused_type, '\0'};

    frame_begin(frame, 'N', 0, ms);
    frame_text(frame, type);
    frame_text(frame, refused_reason);
    refused_type = 0;
    send(frame);
}

static void send_beat(struct frame *frame, uint32_t ms)
{
    uint32_t lost = pending_lost();

    frame_begin(frame, 'B', 0, ms);
    frame_unsigned(frame, pending_count());
    frame_unsigned(frame, lost > UINT16_MAX ? UINT16_MAX : lost);
    frame_unsigned(frame, hal_free_ram());
    beat_ms += BEAT_MS;
    send(frame);
}

static void send_sample(struct frame *frame, uint32_t ms)
{
    struct sense_row row;
    int32_t value;
    bool any = false;

    frame_begin(frame, 'S', 0, ms);
    for (uint8_t i = 0; i < sketch.count; i++) {
        if (!sketch.parts[i]->newest(&value))
            continue;
        sense_row(sketch.parts[i]->sensor, &row);
        frame_pair(frame, row.name, value);
        any = true;
    }
    sampled_ms += SAMPLE_MS;
    if (any) // a gate's readers have nothing to show
        send(frame);
}

// Records that were sent are gone unacknowledged: what was place n is now a lower one.
static void follow_lost(void)
{
    uint32_t gone = pending_lost() - lost_seen;

    lost_seen += gone;
    sent = sent > gone ? (uint8_t)(sent - gone) : 0;
}

void deliver_step(uint32_t ms)
{
    struct frame frame;
    uint8_t pending = pending_count();

    follow_lost();
    pending_step(ms, ms - heard_ms >= FOG_AWAY_MS);
    if (hal_uart_room() < FRAME_MAX)
        return;
    if (declared <= sketch.count) { // H and one D per sensor
        send_declaration(&frame, ms);
    } else if (refused_type) {
        send_refusal(&frame, ms);
    } else if (sent < pending) {
        send_event(&frame, ms, sent++);
    } else if (pending && ms - sent_ms >= resend_ms) {
        send_event(&frame, ms, 0);
        resend_ms = resend_ms >= RESEND_MAX_MS / 2 ? RESEND_MAX_MS : resend_ms * 2;
    } else if (ms - beat_ms >= BEAT_MS) {
        send_beat(&frame, ms);
    } else if (ms - sampled_ms >= SAMPLE_MS) {
        send_sample(&frame, ms);
    }
}
