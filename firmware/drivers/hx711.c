#include "hx711.h"

#include "hal.h"

void hx711_start(void)
{
    hal_pin(HAL_HX_CLOCK, true);
    hal_delay_us(100);
    hal_pin(HAL_HX_CLOCK, false);
}

// One clock pulse; returns the data line at its end.
static bool pulse(void)
{
    hal_irq_off(); // clock high for 60 us would power the chip down
    hal_pin(HAL_HX_CLOCK, true);
    hal_delay_us(1);
    bool high = hal_read(HAL_HX_DATA);
    hal_pin(HAL_HX_CLOCK, false);
    hal_irq_on();
    hal_delay_us(1);
    return high;
}

bool hx711_read(int32_t *counts)
{
    uint32_t bits = 0;

    if (hal_read(HAL_HX_DATA)) // low = a sample waits
        return false;
    for (uint8_t i = 0; i < 24; i++)
        bits = (bits << 1) | pulse();
    bool in_step = pulse(); // the 25th: gain 128 next, and the chip raises data
    if (!in_step)
        return false;
    if (bits & 0x800000)
        bits |= 0xFF000000;
    *counts = (int32_t)bits;
    return true;
}
