// hal_scan_*: a UART that only receives, 9600 Bd, by pin interrupt and timer 2.  The chip's own
// UART is the fog's.  A start bit's edge starts the timer; each bit is read in its middle.
#include <avr/interrupt.h>
#include <avr/io.h>

#include "hal.h"
#include PINS

#define BIT_TICKS 52   // of 2 us: 104 us
#define START_TICKS 78 // to the middle of bit 0
#define BOX_SIZE 32    // 33 ms; a power of two

static struct {
    volatile uint8_t bytes[BOX_SIZE];
    volatile uint8_t head, tail;
} box;
static volatile uint8_t byte, bits; // being received

ISR(SCAN_vect)
{
    SCAN_OFF;
    bits = 0;
    TCNT2 = 0;
    OCR2A = START_TICKS;
    TIFR2 = 1 << OCF2A;
    TIMSK2 = 1 << OCIE2A;
}

static void keep(void)
{
    uint8_t next = (box.head + 1) & (BOX_SIZE - 1);

    if (next == box.tail)
        return; // the code's own check digit will tell
    box.bytes[box.head] = byte;
    box.head = next;
}

ISR(TIMER2_COMPA_vect)
{
    bool high = SCAN_LEVEL;

    OCR2A += BIT_TICKS; // wraps with the timer
    if (bits < 8) {
        byte = (uint8_t)(byte >> 1 | (high ? 0x80 : 0));
        bits++;
        return;
    }
    TIMSK2 = 0;
    if (high) // a stop bit; without it this was noise
        keep();
    SCAN_ON;
}

void hal_scan_start(void)
{
    TCCR2A = 0;
    TCCR2B = 1 << CS21 | 1 << CS20; // 16 MHz / 32
    SCAN_PULL_UP;
    SCAN_FALLING;
    SCAN_ON;
}

bool hal_scan_get(uint8_t *out)
{
    if (box.head == box.tail)
        return false;
    *out = box.bytes[box.tail];
    box.tail = (box.tail + 1) & (BOX_SIZE - 1);
    return true;
}
