// Arduino Uno under an Ethernet shield 2, which owns D10 and D4.  Pins: docs/ethernet.md.
#include "pins_atmega328p.h"
#undef PIN_TABLE
#define PIN_TABLE                                                                                \
    [HAL_TRIG] = {&PORTD, 1 << 7}, [HAL_ECHO] = {&PORTB, 1 << 0},                                \
    [HAL_HX_DATA] = {&PORTD, 1 << 3}, [HAL_HX_CLOCK] = {&PORTD, 1 << 5},                         \
    [HAL_RC_RESET] = {&PORTB, 1 << 1}, [HAL_RC_SELECT] = {&PORTD, 1 << 6},                       \
    [HAL_RC_RESET_2] = {&PORTC, 1 << 2}, [HAL_RC_SELECT_2] = {&PORTC, 1 << 4},                   \
    [HAL_DHT] = {&PORTC, 1 << 3}, [HAL_ETH_SELECT] = {&PORTB, 1 << 2},                           \
    [HAL_SD_SELECT] = {&PORTD, 1 << 4}
