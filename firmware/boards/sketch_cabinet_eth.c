// The cabinet board on the network: its line is a TCP connection, its USB port is for enrolment.
#include "ether.h"
#include "hal.h"
#include "parts.h"

const struct sketch sketch = {
    "cabinet", 5, PARTS(&part_light, &part_shake, &part_distance, &part_weight, &part_tags),
};

// What comes is given to deliver as a whole; there is never a byte to get.
bool hal_uart_get(uint8_t *byte)
{
    (void)byte;
    ether_step(hal_ms());
    return false;
}

uint8_t hal_uart_room(void) { return ether_room(); }

void hal_uart_put(const char *bytes, uint8_t count) { ether_put(bytes, count); }
