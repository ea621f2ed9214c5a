// Arduino Uno with an OV7670 and nothing else.  Pins: docs/protocol.md.
#include "pins_atmega328p.h"
#undef PIN_TABLE
#define PIN_TABLE                                                                                \
    [HAL_CAMERA_RESET] = {&PORTB, 1 << 1},                                                       \
    [HAL_SCCB_DATA] = {&PORTC, 1 << 4}, [HAL_SCCB_CLOCK] = {&PORTC, 1 << 5}
#define CAMERA_PCLK (PIND & 1 << 2)                                // D2
#define CAMERA_VSYNC (PIND & 1 << 3)                               // D3
#define CAMERA_HREF (PINB & 1 << 0)                                // D8
#define CAMERA_BYTE ((uint8_t)((PINC & 0x0F) | (PIND & 0xF0)))     // A0 to A3, D4 to D7
#define CAMERA_CLOCK_OUT (DDRB |= 1 << 3)                          // D11
