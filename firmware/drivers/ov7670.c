#include "ov7670.h"

#include "hal.h"

// SCCB addresses of the chip, and its registers.
#define TO_CHIP 0x42
#define FROM_CHIP 0x43
#define PID 0x0A
#define CLKRC 0x11

#define OV7670_ID 0x76
#define PRESCALE 9  // of 4 MHz, less 1
#define SCCB_US 4   // at 125 kHz or less; the chip takes 400
#define LINE_MS 100 // VSYNC to the first line is 78, the last line to the next frame's first 122
#define CLOCK_POLLS 250

static const uint8_t SET_UP[][2] HAL_FLASH = {
    {0x12, 0x00},      // COM7: YUV
    {CLKRC, PRESCALE},
    {0x0C, 0x04},      // COM3: scaling on
    {0x3E, 0x19},      // COM14: pixel clock halved
    {0x72, 0x11},      // every second pixel of every second line
    {0x73, 0xF1},
    {0x17, 0x16},      // HSTART, HSTOP, HREF, VSTART, VSTOP, VREF: the window
    {0x18, 0x04},
    {0x32, 0xA4},
    {0x19, 0x02},
    {0x1A, 0x7A},
    {0x03, 0x0A},
    {0x15, 0x20},      // COM10: no pixel clock between lines
    {0x3A, 0x04},      // TSLB: Y first
    {0x40, 0xC0},      // COM15: 0 to 255
};

// ---- SCCB ----------------------------------------------------------------------------

static void set_data(bool high)
{
    hal_pull(HAL_SCCB_DATA, !high);
    hal_delay_us(SCCB_US);
}

static void set_clock(bool high)
{
    hal_pull(HAL_SCCB_CLOCK, !high);
    hal_delay_us(SCCB_US);
}

static void begin(void)
{
    set_data(true);
    set_clock(true);
    set_data(false);
    set_clock(false);
}

static void end(void)
{
    set_data(false);
    set_clock(true);
    set_data(true);
}

// One clock; returns what stood on the line, which the chip may hold low.
static bool exchange(bool high)
{
    set_data(high);
    set_clock(true);
    bool seen = hal_read(HAL_SCCB_DATA);
    set_clock(false);
    return seen;
}

// The ninth bit is not asked: by SCCB it means nothing, and PID tells who is there.
static void send(uint8_t byte)
{
    for (uint8_t bit = 0x80; bit; bit >>= 1)
        exchange(byte & bit);
    exchange(true);
}

static void write(uint8_t at, uint8_t value)
{
    begin();
    send(TO_CHIP);
    send(at);
    send(value);
    end();
}

static uint8_t read(uint8_t at)
{
    uint8_t value = 0;

    begin();
    send(TO_CHIP);
    send(at);
    end();
    begin();
    send(FROM_CHIP);
    for (uint8_t i = 0; i < 8; i++)
        value = (uint8_t)(value << 1 | exchange(true));
    exchange(true);
    end();
    return value;
}

// ---- the chip ------------------------------------------------------------------------

void ov7670_start(void)
{
    hal_camera_start();
    hal_pin(HAL_CAMERA_RESET, false);
}

void ov7670_wake(void) { hal_pin(HAL_CAMERA_RESET, true); }

void ov7670_set_up(void)
{
    for (uint8_t i = 0; i < sizeof SET_UP / sizeof *SET_UP; i++)
        write(hal_flash_u8(&SET_UP[i][0]), hal_flash_u8(&SET_UP[i][1]));
}

enum ov7670_health ov7670_look(void)
{
    if (read(PID) != OV7670_ID)
        return OV7670_AWAY;
    return read(CLKRC) == PRESCALE ? OV7670_WELL : OV7670_BLANK;
}

// ---- a line --------------------------------------------------------------------------

static bool line_begins(void)
{
    for (uint8_t ms = 0; !hal_camera_href();)
        if (hal_tick() && ++ms > LINE_MS)
            return false;
    return true;
}

// A level of the pixel clock lasts 2.5 us; the wait ends after 60 us at the least.
static bool clock_is(bool high)
{
    for (uint8_t polls = 0; polls < CLOCK_POLLS; polls++)
        if (hal_camera_clock() == high)
            return true;
    return false;
}

static bool line_ends(void)
{
    for (uint8_t polls = 0; polls < CLOCK_POLLS; polls++)
        if (!hal_camera_href())
            return true;
    return false;
}

enum ov7670_line ov7670_read(uint8_t line[OV7670_WIDTH])
{
    if (!line_begins())
        return OV7670_STILL;
    for (uint16_t i = 0; i < OV7670_WIDTH; i++) {
        if (!clock_is(true))
            return OV7670_CUT;
        line[i] = hal_camera_byte();
        if (!clock_is(false) || !clock_is(true)) // the colour
            return OV7670_CUT;
        hal_tick();
        if (!clock_is(false))
            return OV7670_CUT;
    }
    return line_ends() ? OV7670_WHOLE : OV7670_CUT;
}
