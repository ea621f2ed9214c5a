#include "hcsr04.h"

#include "hal.h"

#define ECHO_MAX_US 25000
#define ECHO_BLIND_US 117   // 20 mm
#define STUCK_CYCLES 17     // 1.02 s; clones hold ECHO for 190 ms after a missing echo
#define MM_PER_US_Q16 11239 // 0.1715 mm: half of 343 m/s

static bool pinged;
static bool doubtful; // the last ping had no echo
static uint8_t high_cycles;

void hcsr04_clear(void)
{
    pinged = doubtful = false;
    high_cycles = 0;
}

static void ping(void)
{
    hal_echo_clear();
    hal_pin(HAL_TRIG, true);
    hal_delay_us(12);
    hal_pin(HAL_TRIG, false);
    pinged = true;
}

// The answer to the last ping, with the line low again.
static bool take_answer(int16_t *mm)
{
    uint32_t us;
    bool was_doubtful = doubtful;

    if (!hal_echo(&us) || us > ECHO_MAX_US) {
        doubtful = true;
        *mm = HCSR04_NONE;
        return true;
    }
    doubtful = false;
    if (was_doubtful || us < ECHO_BLIND_US)
        return false;
    *mm = (int16_t)((us * MM_PER_US_Q16) >> 16);
    return true;
}

bool hcsr04_cycle(int16_t *mm)
{
    bool told = false;

    if (hal_read(HAL_ECHO)) { // a ping into a running echo would time the wrong one
        doubtful = true;
        pinged = false;
        if (high_cycles < STUCK_CYCLES)
            high_cycles++;
        *mm = HCSR04_STUCK;
        return high_cycles == STUCK_CYCLES;
    }
    high_cycles = 0;
    if (pinged)
        told = take_answer(mm);
    ping();
    return told;
}
