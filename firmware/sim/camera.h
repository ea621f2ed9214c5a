// The OV7670 at the pins of a camera board.
#ifndef CAMERA_H
#define CAMERA_H

#include <stdbool.h>

#include <sim_avr.h>

// Wire chips.camera to the chip's pins; false, for a chip that no camera board has.
bool camera_wire(avr_t *avr, const char *mcu);
// A reset cancelled its timer: go on.
void camera_restart(void);

#endif
