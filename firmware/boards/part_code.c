// The code reader as a part; apart from the others because its line takes a pin and a timer.
#include "hal.h"
#include "parts.h"
#include "sense.h"

static void start_code(uint32_t ms)
{
    (void)ms;
    scan_clear();
    hal_scan_start();
}

static void step_code(uint32_t ms)
{
    uint8_t byte;

    while (hal_scan_get(&byte))
        scan_sense(ms, byte);
    scan_idle(ms);
}

const struct part part_code = {SENSE_CODE, start_code, step_code, sense_no_value, sense_no_limit};
