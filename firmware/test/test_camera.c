#include "check.h"

#include <string.h>

#include "fake_hal.h"
#include "frame.h"
#include "hal.h"
#include "ov7670.h"
#include "parts.h"
#include "ring.h"
#include "sense.h"

#define BYTES (OV7670_WIDTH * OV7670_HEIGHT)

// ---- the chip ------------------------------------------------------------------------

static void wake(void)
{
    fake_start();
    ov7670_start();
    fake_advance_us(1000);
    ov7670_wake();
    fake_advance_us(OV7670_WAKE_MS * 1000);
}

static void chip_is_known_by_its_number_and_its_set_up(void)
{
    wake();
    CHECK(ov7670_look() == OV7670_BLANK);
    uint64_t before_us = fake.us;
    ov7670_set_up();
    CHECK(fake.us - before_us < 11000); // what a step may take
    CHECK(ov7670_look() == OV7670_WELL);
    fake.camera.registers[0x0A] = 0x77; // another maker's
    CHECK(ov7670_look() == OV7670_AWAY);
}

static void missing_chip_is_away(void)
{
    wake();
    fake.camera.gone = true;
    ov7670_set_up();
    CHECK(ov7670_look() == OV7670_AWAY);
    fake.camera.gone = false;
    CHECK(ov7670_look() == OV7670_BLANK);
}

static void frame_is_as_slow_as_the_sheet_says(void)
{
    uint64_t risen_us[2] = {0};
    bool was = true;
    int seen = 0;

    wake();
    ov7670_set_up();
    for (; seen < 2; was = hal_camera_vsync()) {
        fake_advance_us(100);
        if (hal_camera_vsync() && !was)
            risen_us[seen++] = fake.us;
    }
    uint64_t frame_us = risen_us[1] - risen_us[0]; // 510 rows of 1,568 clocks of 2.5 us
    CHECK(frame_us > 1999000 && frame_us < 2000000);
}

// ---- a picture -----------------------------------------------------------------------

static void start(void)
{
    fake_start();
    frame_identity("cam01", 17);
    sense_clear();
    part_camera.start(hal_ms());
    for (int i = 0; i < 200; i++) {
        part_camera.step(hal_ms());
        fake_advance_us(1000);
    }
    fake_forget_output();
}

// Steps for so long; the watchdog is fed by the loop and by nobody else.
static void live(uint32_t ms)
{
    for (uint64_t until_us = fake.us + ms * 1000ULL; fake.us < until_us;) {
        hal_alive();
        part_camera.step(hal_ms());
        fake_advance_us(1000);
    }
}

static bool ask(uint32_t number)
{
    fake_forget_output();
    fake.alive_us = fake.us;
    fake.unfed_longest_us = 0;
    return part_camera.set("picture", number);
}

// Each pixel right up to that line, zero from there on; the end tells so, with the CRC.
static bool sent(uint16_t number, uint8_t lines)
{
    char head[40], *body = memchr(fake.out, '\n', fake.out_count), end[60];
    uint32_t crc = UINT32_MAX;

    snprintf(head, sizeof head, ",%u,320,240,76800*", number);
    if (!body || strncmp(fake.out, "$P,cam01,17,0,", 14) != 0 || !strstr(fake.out, head))
        return false;
    for (uint32_t i = 0; i < BYTES; i++) {
        uint16_t y = (uint16_t)(i / OV7670_WIDTH);
        uint8_t luma = ov7670_model_luma((uint16_t)(i % OV7670_WIDTH), y, fake.camera.shown);
        if ((uint8_t)body[1 + i] != (y < lines ? luma : 0))
            return false;
        crc = frame_crc_byte(crc, (uint8_t)body[1 + i]);
    }
    snprintf(end, sizeof end, ",%u,%u,%08X*", number, lines, ~crc);
    return memcmp(body + 1 + BYTES, "$Z,cam01,17,0,", 14) == 0 && strstr(body + 1 + BYTES, end);
}

// How many lines the end of the picture says are real; -1 when there is none.
static int lines_told(void)
{
    char *body = memchr(fake.out, '\n', fake.out_count);
    int lines = -1;

    fake.out[fake.out_count] = '\0';
    if (body && body + BYTES < fake.out + fake.out_count)
        sscanf(body + 1 + BYTES, "$Z,cam01,17,0,%*u,%*u,%d,", &lines);
    return lines;
}

// The faults told since the start of the board, oldest first, end with these two.
static bool told(int32_t before, int32_t last)
{
    uint8_t count = ring_count();

    return count > 1 && ring_at(count - 2)->value == before && ring_at(count - 1)->value == last;
}

static void picture_comes_whole_and_the_watchdog_is_fed(void)
{
    start();
    fake.camera.scene = 5;
    CHECK(ask(7));
    live(4300);
    CHECK(sent(7, OV7670_HEIGHT));
    CHECK(fake.unfed_longest_us < 200000);
    CHECK(ring_count() == 0);
    size_t all = fake.out_count;
    live(5000);
    CHECK(fake.out_count == all); // one is one
}

static void picture_waits_for_the_line_that_is_being_sent(void)
{
    start();
    CHECK(ask(1));
    while (!hal_camera_vsync())
        fake_advance_us(1000);
    fake.uart_full = true;
    part_camera.step(hal_ms());
    CHECK(fake.out_count == 0);
    fake.uart_full = false;
    part_camera.step(hal_ms());
    CHECK(sent(1, OV7670_HEIGHT));
}

static void clock_that_fails_within_a_line_ends_the_picture_there(void)
{
    start();
    for (uint8_t drop = 1; drop < 3; drop++) {
        fake.camera.drop = drop;
        CHECK(ask(drop));
        live(4300);
        CHECK(lines_told() >= 0 && lines_told() < 20 && sent(drop, (uint8_t)lines_told()));
    }
    CHECK(ring_count() == 1 && ring_at(0)->value == FAULT_GARBLED);
    fake.camera.drop = 0;
    CHECK(ask(3));
    live(4300);
    CHECK(sent(3, OV7670_HEIGHT));
    CHECK(told(FAULT_GARBLED, FAULT_NONE));
}

static void camera_without_vsync_is_a_fault_and_no_picture(void)
{
    start();
    fake.camera.frozen = true;
    CHECK(ask(1));
    live(3000);
    CHECK(fake.out_count == 0);
    CHECK(ring_count() == 1 && ring_at(0)->value == FAULT_STUCK);
}

static void camera_without_lines_gives_an_empty_picture_in_time(void)
{
    start();
    CHECK(ask(1));
    while (!hal_camera_vsync())
        fake_advance_us(1000);
    fake.camera.frozen = true;
    part_camera.step(hal_ms());
    CHECK(sent(1, 0));
    CHECK(ring_count() == 1 && ring_at(0)->value == FAULT_STUCK);
    CHECK(fake.unfed_longest_us < 2000000);
}

static void camera_without_its_pixel_clock_gives_an_empty_picture(void)
{
    start();
    fake.camera.drop = 255;
    CHECK(ask(1));
    live(4300);
    CHECK(sent(1, 0));
    CHECK(ring_at(0)->value == FAULT_GARBLED);
}

// A line that is sent too slowly costs the next ones: never a picture with lines missing in it.
static void line_that_was_missed_is_noticed(void)
{
    start();
    for (uint16_t i = 0; i < 3; i++) {
        fake.send_us = (uint32_t[]){15, 20, 30}[i];
        CHECK(ask(1));
        live(12000);
        CHECK(lines_told() > 0 && lines_told() <= OV7670_HEIGHT / 2);
        CHECK(ring_at(0)->value == FAULT_GARBLED);
    }
}

static void missing_chip_refuses_and_its_return_is_told(void)
{
    start();
    fake.camera.gone = true;
    CHECK(!ask(1));
    CHECK(ring_count() == 1 && ring_at(0)->value == FAULT_ABSENT);
    live(3000);
    CHECK(fake.out_count == 0);
    fake.camera.gone = false;
    ov7670_model_reset(&fake.camera, false); // it had no power
    live(11000);
    CHECK(told(FAULT_ABSENT, FAULT_NONE));
    CHECK(ask(2));
    live(4300);
    CHECK(sent(2, OV7670_HEIGHT));
}

static void brown_out_of_the_chip_costs_no_picture(void)
{
    start();
    ov7670_model_reset(&fake.camera, false);
    CHECK(ask(1));
    live(4300);
    CHECK(sent(1, OV7670_HEIGHT));
    CHECK(ring_count() == 0);
}

static void only_a_picture_with_a_number_can_be_asked_for(void)
{
    start();
    CHECK(!ask(0));
    CHECK(!part_camera.set("on", 1));
    part_camera.start(hal_ms()); // it is not awake yet
    CHECK(!ask(1));
    CHECK(ring_count() == 0);
}

void test_camera(void)
{
    chip_is_known_by_its_number_and_its_set_up();
    missing_chip_is_away();
    frame_is_as_slow_as_the_sheet_says();
    picture_comes_whole_and_the_watchdog_is_fed();
    picture_waits_for_the_line_that_is_being_sent();
    clock_that_fails_within_a_line_ends_the_picture_there();
    camera_without_vsync_is_a_fault_and_no_picture();
    camera_without_lines_gives_an_empty_picture_in_time();
    camera_without_its_pixel_clock_gives_an_empty_picture();
    line_that_was_missed_is_noticed();
    missing_chip_refuses_and_its_return_is_told();
    brown_out_of_the_chip_costs_no_picture();
    only_a_picture_with_a_number_can_be_asked_for();
}
