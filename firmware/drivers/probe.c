#include "probe.h"

#include "hal.h"

#define OPEN_BELOW 51     // 0.25 V: half of what an empty probe gives
#define SHORTED_ABOVE 972 // 4.75 V

enum probe_state probe_read(uint16_t *counts)
{
    *counts = hal_adc(HAL_LEVEL);
    if (*counts < OPEN_BELOW)
        return PROBE_OPEN;
    return *counts > SHORTED_ABOVE ? PROBE_SHORTED : PROBE_WELL;
}
