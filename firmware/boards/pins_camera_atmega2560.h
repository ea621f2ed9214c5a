// Arduino Mega 2560 with an OV7670 and nothing else.  Pins: docs/protocol.md.
#include "pins_atmega2560.h"
#undef PIN_TABLE
#define PIN_TABLE                                                                                \
    [HAL_CAMERA_RESET] = {&PORTH, 1 << 6},                                                       \
    [HAL_SCCB_DATA] = {&PORTD, 1 << 1}, [HAL_SCCB_CLOCK] = {&PORTD, 1 << 0}
#define CAMERA_PCLK (PINE & 1 << 4)       // D2
#define CAMERA_VSYNC (PINE & 1 << 5)      // D3
#define CAMERA_HREF (PINH & 1 << 5)       // D8
#define CAMERA_BYTE PINA                  // D22 to D29
#define CAMERA_CLOCK_OUT (DDRB |= 1 << 4) // D10
