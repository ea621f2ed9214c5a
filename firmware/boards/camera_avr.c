// hal_camera_*: the lines of an OV7670 as the chip's pins, and its clock from timer 2.
#include <avr/io.h>

#include "hal.h"
#include PINS

void hal_camera_start(void)
{
    CAMERA_CLOCK_OUT;
    TCCR2A = 1 << COM2A0 | 1 << WGM21; // toggle at each cycle: 8 MHz
    OCR2A = 0;
    TCCR2B = 1 << CS20;
}

bool hal_camera_vsync(void) { return CAMERA_VSYNC; }

bool hal_camera_href(void) { return CAMERA_HREF; }

bool hal_camera_clock(void) { return CAMERA_PCLK; }

uint8_t hal_camera_byte(void) { return CAMERA_BYTE; }
