// SW-420 vibration switch.  Edges are counted, never levels: clones differ in their idle
// level and some rest closed.
#ifndef SW420_H
#define SW420_H

#include <stdint.h>

// Edges since the last call.
uint16_t sw420_edges(void);

#endif
