// Arduino Mega 2560 under an Ethernet shield 2, which owns D10 and D4.  Pins: docs/ethernet.md.
#include "pins_atmega2560.h"
#undef PIN_TABLE
#undef ECHO_ENABLE
#define PIN_TABLE                                                                                \
    [HAL_TRIG] = {&PORTH, 1 << 4}, [HAL_ECHO] = {&PORTB, 1 << 5},                                \
    [HAL_HX_DATA] = {&PORTE, 1 << 5}, [HAL_HX_CLOCK] = {&PORTE, 1 << 3},                         \
    [HAL_RC_RESET] = {&PORTH, 1 << 6}, [HAL_RC_SELECT] = {&PORTH, 1 << 3},                       \
    [HAL_RC_RESET_2] = {&PORTF, 1 << 2}, [HAL_RC_SELECT_2] = {&PORTF, 1 << 4},                   \
    [HAL_DHT] = {&PORTF, 1 << 3}, [HAL_ETH_SELECT] = {&PORTB, 1 << 4},                           \
    [HAL_SD_SELECT] = {&PORTG, 1 << 5}
#define ECHO_ENABLE (PCMSK0 = 1 << PCINT5, PCICR = 1 << PCIE0) // D11
