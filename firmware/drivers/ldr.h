// GL5528 light sensor in a divider on A0: more light, more counts.
#ifndef LDR_H
#define LDR_H

#include <stdint.h>

// One reading, 0..1023.
uint16_t ldr_read(void);

#endif
