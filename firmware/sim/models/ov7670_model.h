// OV7670: its registers at the SCCB lines, and frames at VSYNC, HREF, PCLK and D0-D7.  There are
// lines only in the size 320 x 240, as YUYV; no gain, no exposure, no window.
// Source: OmniVision OV7670 sheet 1.4, figures 6 and 7; SCCB specification 2.2.
#ifndef OV7670_MODEL_H
#define OV7670_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define OV7670_MODEL_WIDTH 320
#define OV7670_MODEL_HEIGHT 240

struct ov7670_model {
    bool gone;    // unplugged
    bool frozen;  // VSYNC, HREF and PCLK stand still
    uint8_t drop; // of 1,000 clocks of a line so many are missing
    uint8_t scene; // what it sees; a frame shows what there was at its beginning
    bool vsync, href, clock;
    uint8_t byte;
    uint8_t registers[256];
    // at the SCCB lines
    bool data_was, clock_was, pulls;
    uint8_t phase, next_phase, count, shift, at;
    // in the frame
    uint8_t stage, shown;
    uint16_t line, place;
};

void ov7670_model_start(struct ov7670_model *model);
// The level of its RESET line; low clears every register.
void ov7670_model_reset(struct ov7670_model *model, bool high);
// The levels that the host leaves on the SCCB lines.  True when the chip pulls data low.
bool ov7670_model_wire(struct ov7670_model *model, bool data, bool clock);
// How many clocks of XCLK are one internal clock.
uint16_t ov7670_model_prescale(const struct ov7670_model *model);
// Go on to the next change of a line.  Returns for how many internal clocks that lasts.
uint32_t ov7670_model_next(struct ov7670_model *model);
// The brightness of a pixel of a scene.
uint8_t ov7670_model_luma(uint16_t x, uint16_t y, uint8_t scene);

#endif
