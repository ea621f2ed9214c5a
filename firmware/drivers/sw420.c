#include "sw420.h"

#include "hal.h"

uint16_t sw420_edges(void) { return hal_edges(); }
