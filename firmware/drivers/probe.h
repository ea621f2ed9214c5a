// Ratiometric liquid-level probe on A1: 0.5 V empty, 4.5 V full; 102 to 922 counts.
// Source: the 0.5 to 4.5 V output of pressure and level transmitters; outside it the wire is
// broken (pulled low) or shorted to the supply.
#ifndef PROBE_H
#define PROBE_H

#include <stdint.h>

enum probe_state { PROBE_WELL, PROBE_OPEN, PROBE_SHORTED };

// One reading, 0..1023 counts of the supply, and what it says of the wire.
enum probe_state probe_read(uint16_t *counts);

#endif
