// OV7670 camera: the brightness of 320 x 240 pixels, set up over SCCB and read line by line.
// The chip sends Y U Y V; the colour is passed over.  Its clock is 8 MHz, which the board's timer
// makes, and its prescaler makes 400 kHz of that: a byte of a line takes 5 us or 80 cycles, a
// line 3.2 ms, after which 4.6 ms are left to send it, and a whole frame 2.0 s.
// Source: OmniVision OV7670 sheet 1.4 (registers; figures 6, 7; 10 to 48 MHz, so that 8 is below
// it); SCCB specification 2.2; that the chip halves its clock before the prescaler, and the
// registers of this size: https://github.com/ComputerNerd/ov7670-no-ram-arduino-uno and
// https://github.com/indrekluuk/LiveOV7670.
#ifndef OV7670_H
#define OV7670_H

#include <stdint.h>

#define OV7670_WIDTH 320
#define OV7670_HEIGHT 240
#define OV7670_WAKE_MS 100   // after its reset
#define OV7670_FRAME_MS 2000

enum ov7670_health {
    OV7670_WELL,
    OV7670_AWAY,  // no OV7670 answers
    OV7670_BLANK, // it answers and has lost its set-up
};
enum ov7670_line {
    OV7670_WHOLE,
    OV7670_STILL, // no line began
    OV7670_CUT,   // its clock stopped within the line, or we came too late for all of it
};

// Clock on, chip in hardware reset.
void ov7670_start(void);
// End of the reset; OV7670_WAKE_MS later it can be set up.
void ov7670_wake(void);
// Write every register; takes 8 ms.
void ov7670_set_up(void);
// Takes 2 ms.
enum ov7670_health ov7670_look(void);
// Read the line that comes next, with interrupts off.  Returns after at most 0.1 s; what stands
// in line is only of use when it is whole.
enum ov7670_line ov7670_read(uint8_t line[OV7670_WIDTH]);

#endif
