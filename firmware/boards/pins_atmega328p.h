// Arduino Uno and Nano.  Pins: docs/protocol.md.
#define PIN_TABLE                                                                                \
    [HAL_TRIG] = {&PORTD, 1 << 7}, [HAL_ECHO] = {&PORTB, 1 << 0},                                \
    [HAL_HX_DATA] = {&PORTD, 1 << 4}, [HAL_HX_CLOCK] = {&PORTD, 1 << 5},                         \
    [HAL_RC_RESET] = {&PORTB, 1 << 1}, [HAL_RC_SELECT] = {&PORTB, 1 << 2},                       \
    [HAL_RC_RESET_2] = {&PORTC, 1 << 2}, [HAL_RC_SELECT_2] = {&PORTD, 1 << 6},                   \
    [HAL_DHT] = {&PORTC, 1 << 3}
#define SPI_DIRECTION (DDRB |= 1 << 2 | 1 << 3 | 1 << 5) // SS as output, MOSI, SCK
#define EDGES_vect INT0_vect
#define EDGES_ENABLE (EICRA = 1 << ISC00, EIMSK = 1 << INT0) // D2: any edge
#define ECHO_ENABLE (PCMSK0 = 1 << PCINT0, PCICR = 1 << PCIE0) // D8
#define UART_RX_vect USART_RX_vect
#define UART_UDRE_vect USART_UDRE_vect
#define SCAN_vect INT1_vect // D3
#define SCAN_LEVEL (PIND & 1 << 3)
#define SCAN_PULL_UP (PORTD |= 1 << 3)
#define SCAN_FALLING (EICRA |= 1 << ISC11)
#define SCAN_ON (EIFR = 1 << INTF1, EIMSK |= 1 << INT1)
#define SCAN_OFF (EIMSK &= (uint8_t)~(1 << INT1))
