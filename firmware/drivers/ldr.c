#include "ldr.h"

#include "hal.h"

uint16_t ldr_read(void) { return hal_adc(HAL_LIGHT); }
