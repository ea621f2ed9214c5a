// hal.h on an ATmega328P or ATmega2560 at 16 MHz; PINS is the header of the chip's pins.
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/delay.h>

#include "board.h"
#include "hal.h"
#include PINS

#ifdef ETHERNET // what deliver calls the UART is the network, and the serial line is for enrolment
#include "enrol.h"
#define hal_uart_get serial_get
#define hal_uart_room serial_room
#define hal_uart_put serial_put
#endif

#ifdef CAMERA
#define BAUD_DIVIDER 1 // with U2X: 1 MBd
#else
#define BAUD_DIVIDER 16 // with U2X: 117,647 Bd, 2.1 % off 115,200, as the Arduino core has it
#endif
#ifdef CAMERA
#define INBOX_SIZE 64    // one order: a line of pixels needs the room
#define OUTBOX_SIZE 128
#elif defined ETHERNET
#define INBOX_SIZE 64    // one line of an enrolment
#define OUTBOX_SIZE 32   // its answer waits for room, 9 ms in all
#else
#define INBOX_SIZE 128   // 11 ms at 115200 Bd: longer than any step of the loop blocks
#define OUTBOX_SIZE 128  // more than one whole line; both are powers of two
#endif

static const struct {
    volatile uint8_t *port; // PINx is two below, DDRx one below
    uint8_t mask;
} LINES[] = {PIN_TABLE};

static volatile uint32_t milliseconds;
static volatile uint16_t edges;
static volatile struct {
    uint32_t rise_us, fall_us;
    bool rose, fell;
} echo;
static struct {
    volatile uint8_t bytes[INBOX_SIZE];
    volatile uint8_t head, tail;
} inbox;
static struct {
    volatile uint8_t bytes[OUTBOX_SIZE];
    volatile uint8_t head, tail;
} outbox;

// ---- time ----------------------------------------------------------------------------

ISR(TIMER0_COMPA_vect) { milliseconds++; }

uint32_t hal_ms(void)
{
    uint8_t flags = SREG;
    cli();
    uint32_t ms = milliseconds;
    SREG = flags;
    return ms;
}

// 4 us steps.
uint32_t hal_us(void)
{
    uint8_t flags = SREG;
    cli();
    uint32_t ms = milliseconds;
    uint8_t ticks = TCNT0;
    if ((TIFR0 & (1 << OCF0A)) && ticks < 125) // wrapped, interrupt still waits
        ms++;
    SREG = flags;
    return ms * 1000 + ticks * 4U;
}

void hal_delay_us(uint8_t us)
{
    while (us--)
        _delay_us(1);
}

// ---- pins ----------------------------------------------------------------------------

void hal_pin(enum hal_pin pin, bool high)
{
    uint8_t flags = SREG;
    cli();
    if (high)
        *LINES[pin].port |= LINES[pin].mask;
    else
        *LINES[pin].port &= (uint8_t)~LINES[pin].mask;
    SREG = flags;
}

bool hal_read(enum hal_pin pin) { return *(LINES[pin].port - 2) & LINES[pin].mask; }

void hal_pull(enum hal_pin pin, bool low)
{
    volatile uint8_t *direction = LINES[pin].port - 1;
    uint8_t flags = SREG;

    cli();
    if (low) {
        *LINES[pin].port &= (uint8_t)~LINES[pin].mask;
        *direction |= LINES[pin].mask;
    } else {
        *direction &= (uint8_t)~LINES[pin].mask;
        *LINES[pin].port |= LINES[pin].mask; // pull-up
    }
    SREG = flags;
}

uint16_t hal_adc(enum hal_analog input)
{
    ADMUX = 1 << REFS0 | (uint8_t)input; // A0 or A1 against the 5 V supply
    ADCSRA |= 1 << ADSC;
    while (ADCSRA & (1 << ADSC)) // 13 clocks of 125 kHz, then the hardware clears it
        ;
    return ADC;
}

uint8_t hal_spi(uint8_t byte)
{
    SPDR = byte;
    while (!(SPSR & (1 << SPIF))) // 8 clocks of 4 MHz; we are the master
        ;
    return SPDR;
}

ISR(EDGES_vect)
{
    if (edges != UINT16_MAX)
        edges++;
}

uint16_t hal_edges(void)
{
    cli();
    uint16_t count = edges;
    edges = 0;
    sei();
    return count;
}

ISR(PCINT0_vect)
{
    uint32_t us = hal_us();

    if (hal_read(HAL_ECHO)) {
        echo.rise_us = us;
        echo.rose = true;
        echo.fell = false;
    } else if (echo.rose) {
        echo.fall_us = us;
        echo.fell = true;
    }
}

void hal_echo_clear(void)
{
    cli();
    echo.rose = echo.fell = false;
    sei();
}

bool hal_echo(uint32_t *us)
{
    cli();
    bool ended = echo.fell;
    *us = echo.fall_us - echo.rise_us;
    sei();
    return ended;
}

void hal_irq_off(void) { cli(); }

void hal_irq_on(void) { sei(); }

bool hal_tick(void)
{
    if (!(TIFR0 & (1 << OCF0A)))
        return false;
    TIFR0 = 1 << OCF0A;
    milliseconds++;
    return true;
}

void hal_alive(void) { wdt_reset(); }

// ---- serial --------------------------------------------------------------------------

ISR(UART_RX_vect)
{
    uint8_t byte = UDR0;
    uint8_t next = (inbox.head + 1) & (INBOX_SIZE - 1);

    if (next == inbox.tail)
        return; // the line's CRC will tell
    inbox.bytes[inbox.head] = byte;
    inbox.head = next;
}

ISR(UART_UDRE_vect)
{
    if (outbox.head == outbox.tail) {
        UCSR0B &= (uint8_t)~(1 << UDRIE0);
        return;
    }
    UDR0 = outbox.bytes[outbox.tail];
    outbox.tail = (outbox.tail + 1) & (OUTBOX_SIZE - 1);
}

bool hal_uart_get(uint8_t *byte)
{
    if (inbox.head == inbox.tail)
        return false;
    *byte = inbox.bytes[inbox.tail];
    inbox.tail = (inbox.tail + 1) & (INBOX_SIZE - 1);
    return true;
}

uint8_t hal_uart_room(void)
{
    return (outbox.tail - outbox.head - 1) & (OUTBOX_SIZE - 1);
}

void hal_uart_put(const char *bytes, uint8_t count)
{
    while (count--) {
#ifdef ETHERNET
        while (!hal_uart_room()) // the interrupt sends on, a byte in 87 us
            UCSR0B |= 1 << UDRIE0;
#endif
        outbox.bytes[outbox.head] = (uint8_t)*bytes++;
        outbox.head = (outbox.head + 1) & (OUTBOX_SIZE - 1);
    }
    cli();
    UCSR0B |= 1 << UDRIE0;
    sei();
}

void hal_uart_send(uint8_t byte)
{
    while (outbox.head != outbox.tail) // the interrupt sends on
        ;
    while (!(UCSR0A & (1 << UDRE0)))
        ;
    UDR0 = byte;
}

// ---- memory --------------------------------------------------------------------------

uint8_t hal_eeprom_read(uint16_t address) { return eeprom_read_byte((uint8_t *)address); }

void hal_eeprom_write(uint16_t address, uint8_t byte)
{
    eeprom_update_byte((uint8_t *)address, byte);
    eeprom_busy_wait();
}

bool hal_eeprom_ready(void) { return eeprom_is_ready(); }

void hal_eeprom_begin(uint16_t address, uint8_t byte)
{
    uint8_t flags = SREG;

    cli(); // the write must begin within four cycles of its arming
    EEAR = address;
    EEDR = byte;
    EECR |= 1 << EEMPE;
    EECR |= 1 << EEPE;
    SREG = flags;
}

uint16_t hal_free_ram(void)
{
    extern uint8_t __heap_start; // end of static data; nothing here uses the heap
    return SP - (uint16_t)&__heap_start;
}

// ---- start ---------------------------------------------------------------------------

// A watchdog reset leaves the watchdog on, at 16 ms: off before main's start-up code.
__attribute__((naked, used, section(".init3"))) static void watchdog_off(void)
{
    MCUSR = 0;
    wdt_disable();
}

static void make_output(enum hal_pin pin) { *(LINES[pin].port - 1) |= LINES[pin].mask; }

#ifdef CAMERA // its lines are where other boards have their outputs
static void start_pins(void)
{
    make_output(HAL_CAMERA_RESET);
    hal_pull(HAL_SCCB_DATA, false);
    hal_pull(HAL_SCCB_CLOCK, false);
}

static void start_spi(void) {}
#else
static void start_pins(void)
{
    static const uint8_t OUTPUTS[] = {HAL_TRIG,      HAL_HX_CLOCK,   HAL_RC_RESET,
                                      HAL_RC_SELECT, HAL_RC_RESET_2, HAL_RC_SELECT_2};

    for (uint8_t i = 0; i < sizeof OUTPUTS; i++)
        make_output(OUTPUTS[i]);
    SPI_DIRECTION;
    hal_pin(HAL_RC_RESET, true);
    hal_pin(HAL_RC_SELECT, true); // nobody answers before he is asked
    hal_pin(HAL_RC_RESET_2, true);
    hal_pin(HAL_RC_SELECT_2, true);
    hal_pull(HAL_HX_DATA, false); // pull-up: no HX711 reads "not ready"
    hal_pull(HAL_DHT, false);
#ifdef ETHERNET
    make_output(HAL_ETH_SELECT);
    make_output(HAL_SD_SELECT);
    hal_pin(HAL_ETH_SELECT, true);
    hal_pin(HAL_SD_SELECT, true);
#endif
    EDGES_ENABLE;
    ECHO_ENABLE;
}

static void start_spi(void) { SPCR = 1 << SPE | 1 << MSTR; } // mode 0, 4 MHz
#endif

static void start_clocks(void)
{
    TCCR0A = 1 << WGM01; // clear on match: 16 MHz / 64 / 250 = 1 kHz
    OCR0A = 249;
    TIMSK0 = 1 << OCIE0A;
    TCCR0B = 1 << CS01 | 1 << CS00;
    ADCSRA = 1 << ADEN | 1 << ADPS2 | 1 << ADPS1 | 1 << ADPS0;
    start_spi();
    UCSR0A = 1 << U2X0; // before the divider: simavr reckons with it then only
    UBRR0 = BAUD_DIVIDER;
    UCSR0B = 1 << RXCIE0 | 1 << RXEN0 | 1 << TXEN0;
    UCSR0C = 1 << UCSZ01 | 1 << UCSZ00;
}

int main(void)
{
    start_pins();
    start_clocks();
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    wdt_enable(WDTO_2S);
    board_start();
    for (;;) {
        wdt_reset();
        board_step();
        sleep_mode(); // until the next interrupt, at most 1 ms
    }
}
