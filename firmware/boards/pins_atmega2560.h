// Arduino Mega 2560.  Pins: docs/protocol.md.
#define PIN_TABLE                                                                                \
    [HAL_TRIG] = {&PORTH, 1 << 4}, [HAL_ECHO] = {&PORTB, 1 << 4},                                \
    [HAL_HX_DATA] = {&PORTG, 1 << 5}, [HAL_HX_CLOCK] = {&PORTE, 1 << 3},                         \
    [HAL_RC_RESET] = {&PORTH, 1 << 6}, [HAL_RC_SELECT] = {&PORTB, 1 << 0},                       \
    [HAL_RC_RESET_2] = {&PORTF, 1 << 2}, [HAL_RC_SELECT_2] = {&PORTH, 1 << 3},                   \
    [HAL_DHT] = {&PORTF, 1 << 3}
#define SPI_DIRECTION (DDRB |= 1 << 0 | 1 << 1 | 1 << 2) // SS as output, SCK, MOSI
#define EDGES_vect INT4_vect
#define EDGES_ENABLE (EICRB = 1 << ISC40, EIMSK = 1 << INT4) // D2: any edge
#define ECHO_ENABLE (PCMSK0 = 1 << PCINT4, PCICR = 1 << PCIE0) // D10: D8 has no such interrupt
#define UART_RX_vect USART0_RX_vect
#define UART_UDRE_vect USART0_UDRE_vect
#define SCAN_vect INT5_vect // D3
#define SCAN_LEVEL (PINE & 1 << 5)
#define SCAN_PULL_UP (PORTE |= 1 << 5)
#define SCAN_FALLING (EICRB |= 1 << ISC51)
#define SCAN_ON (EIFR = 1 << INTF5, EIMSK |= 1 << INT5)
#define SCAN_OFF (EIMSK &= (uint8_t)~(1 << INT5))
