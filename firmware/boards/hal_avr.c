// hal.h on an ATmega328P at 16 MHz (Arduino Uno and Nano).  Pins: docs/protocol.md.
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/delay.h>

#include "board.h"
#include "hal.h"

#define BAUD_115200 16   // with U2X: 117,647 Bd, 2.1 % off, as the Arduino core has it
#define INBOX_SIZE 128   // 11 ms at 115200 Bd: longer than any step of the loop blocks
#define OUTBOX_SIZE 128  // more than one whole line; both are powers of two

static const struct {
    volatile uint8_t *port; // PINx is two below, DDRx one below
    uint8_t mask;
} PINS[] = {
    [HAL_TRIG] = {&PORTD, 1 << 7},     [HAL_ECHO] = {&PORTB, 1 << 0},
    [HAL_HX_DATA] = {&PORTD, 1 << 4},  [HAL_HX_CLOCK] = {&PORTD, 1 << 5},
    [HAL_RC_RESET] = {&PORTB, 1 << 1}, [HAL_RC_SELECT] = {&PORTB, 1 << 2},
};

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
        *PINS[pin].port |= PINS[pin].mask;
    else
        *PINS[pin].port &= (uint8_t)~PINS[pin].mask;
    SREG = flags;
}

bool hal_read(enum hal_pin pin) { return *(PINS[pin].port - 2) & PINS[pin].mask; }

uint16_t hal_adc(void)
{
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

ISR(INT0_vect)
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

// ---- serial --------------------------------------------------------------------------

ISR(USART_RX_vect)
{
    uint8_t byte = UDR0;
    uint8_t next = (inbox.head + 1) & (INBOX_SIZE - 1);

    if (next == inbox.tail)
        return; // the line's CRC will tell
    inbox.bytes[inbox.head] = byte;
    inbox.head = next;
}

ISR(USART_UDRE_vect)
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
        outbox.bytes[outbox.head] = (uint8_t)*bytes++;
        outbox.head = (outbox.head + 1) & (OUTBOX_SIZE - 1);
    }
    cli();
    UCSR0B |= 1 << UDRIE0;
    sei();
}

// ---- memory --------------------------------------------------------------------------

uint8_t hal_eeprom_read(uint16_t address) { return eeprom_read_byte((uint8_t *)address); }

void hal_eeprom_write(uint16_t address, uint8_t byte)
{
    eeprom_update_byte((uint8_t *)address, byte);
    eeprom_busy_wait();
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

static void start_pins(void)
{
    DDRD = 1 << 7 | 1 << 5;                                 // TRIG, HX711 clock
    DDRB = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5;               // RC522 reset, SS, MOSI, SCK
    PORTB = 1 << 1 | 1 << 2;
    PORTD = 1 << 4;                                         // pull-up: no HX711 reads "not ready"
    EICRA = 1 << ISC00;                                     // D2: any edge
    EIMSK = 1 << INT0;
    PCMSK0 = 1 << PCINT0;                                   // D8
    PCICR = 1 << PCIE0;
}

static void start_clocks(void)
{
    TCCR0A = 1 << WGM01; // clear on match: 16 MHz / 64 / 250 = 1 kHz
    OCR0A = 249;
    TIMSK0 = 1 << OCIE0A;
    TCCR0B = 1 << CS01 | 1 << CS00;
    ADMUX = 1 << REFS0; // A0 against the 5 V supply
    ADCSRA = 1 << ADEN | 1 << ADPS2 | 1 << ADPS1 | 1 << ADPS0;
    SPCR = 1 << SPE | 1 << MSTR; // mode 0, 4 MHz
    UBRR0 = BAUD_115200;
    UCSR0A = 1 << U2X0;
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
