// The camera as a part, of a board that has nothing else: its pins and its time go to the camera.
// C sets "picture" to the number of the picture that is wanted; the next frame of the chip then
// goes out line by line as it comes: P, all its bytes, Z.  What the chip did not give is filled up
// with zeros and Z tells how much is real, so that the line is in step again whatever happened.
#include <string.h>

#include "frame.h"
#include "hal.h"
#include "ov7670.h"
#include "parts.h"
#include "sense.h"

#define LOOK_MS 10000
#define PATIENCE_MS (OV7670_FRAME_MS + 500) // for a frame to begin

static uint8_t line[OV7670_WIDTH];
static bool awake;
static uint32_t since_ms; // the reset, or the last look at the chip
static uint16_t wanted;   // number of the picture; 0 = none
static uint32_t wanted_ms;

// ---- the chip ------------------------------------------------------------------------

static void start_camera(uint32_t ms)
{
    awake = false;
    wanted = 0;
    since_ms = ms;
    ov7670_start();
}

// Is the chip there and set up?  One that forgot its set-up, by a brown-out, is given it anew.
static bool look(uint32_t ms)
{
    enum ov7670_health health = ov7670_look();

    since_ms = ms;
    if (health == OV7670_BLANK) {
        ov7670_set_up();
        health = ov7670_look();
    }
    if (health != OV7670_WELL)
        sense_fault(ms, SENSE_CAMERA, FAULT_ABSENT);
    else if (sense_fault_of(SENSE_CAMERA) == FAULT_ABSENT)
        sense_fault(ms, SENSE_CAMERA, FAULT_NONE);
    return health == OV7670_WELL;
}

// ---- a picture -----------------------------------------------------------------------

static void send_head(uint32_t ms)
{
    struct frame frame;

    frame_begin(&frame, 'P', 0, ms);
    frame_unsigned(&frame, wanted);
    frame_unsigned(&frame, OV7670_WIDTH);
    frame_unsigned(&frame, OV7670_HEIGHT);
    frame_unsigned(&frame, (uint32_t)OV7670_WIDTH * OV7670_HEIGHT);
    frame_end(&frame);
    hal_uart_put(frame.text, frame.length);
}

static void send_end(uint8_t lines, uint32_t crc)
{
    struct frame frame;
    struct uid digits = {4, {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
                             (uint8_t)crc}};

    frame_begin(&frame, 'Z', 0, hal_ms());
    frame_unsigned(&frame, wanted);
    frame_unsigned(&frame, lines);
    frame_uid(&frame, &digits);
    frame_end(&frame);
    hal_uart_put(frame.text, frame.length);
}

static uint32_t send_line(uint32_t crc)
{
    for (uint16_t i = 0; i < OV7670_WIDTH; i++) {
        hal_uart_send(line[i]);
        crc = frame_crc_byte(crc, line[i]);
    }
    return crc;
}

static enum ov7670_line read_line(bool is_first)
{
    hal_irq_off();
    enum ov7670_line news = ov7670_read(line);
    hal_irq_on();
    return news == OV7670_STILL && !is_first ? OV7670_CUT : news;
}

// From the frame's beginning to the end of its last line, 2.0 s.
static enum ov7670_line send_picture(void)
{
    enum ov7670_line news = OV7670_WHOLE;
    uint32_t crc = UINT32_MAX;
    uint8_t lines = 0;

    send_head(hal_ms());
    for (uint8_t i = 0; i < OV7670_HEIGHT; i++) {
        hal_alive();
        if (news == OV7670_WHOLE)
            news = read_line(i == 0);
        if (news == OV7670_WHOLE)
            lines++;
        else
            memset(line, 0, sizeof line);
        crc = send_line(crc);
    }
    send_end(lines, ~crc);
    return news;
}

static void take_picture(uint32_t ms)
{
    static const int8_t CODES[] = {
        [OV7670_WHOLE] = FAULT_NONE, [OV7670_STILL] = FAULT_STUCK, [OV7670_CUT] = FAULT_GARBLED};

    if (hal_camera_vsync() && hal_uart_room() >= FRAME_MAX) { // VSYNC outlasts any line
        sense_fault(ms, SENSE_CAMERA, CODES[send_picture()]);
        wanted = 0;
    } else if (ms - wanted_ms >= PATIENCE_MS) {
        sense_fault(ms, SENSE_CAMERA, FAULT_STUCK);
        wanted = 0;
    }
}

static void step_camera(uint32_t ms)
{
    ms = hal_ms(); // an order of this pass may be younger than its beginning
    if (!awake && ms - since_ms < OV7670_WAKE_MS) {
        ov7670_wake();
    } else if (!awake) {
        awake = true;
        ov7670_set_up();
        look(ms);
    } else if (wanted) {
        take_picture(ms);
    } else if (ms - since_ms >= LOOK_MS) {
        look(ms);
    }
}

static bool set_camera(const char *limit, uint32_t value)
{
    uint32_t ms = hal_ms();

    if (strcmp(limit, "picture") != 0 || !value || !awake || !look(ms))
        return false;
    wanted = (uint16_t)value;
    wanted_ms = ms;
    return true;
}

const struct part part_camera = {SENSE_CAMERA, start_camera, step_camera, sense_no_value,
                                 set_camera};
