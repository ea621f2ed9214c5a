// The Ethernet board's own parts: hash, MAC, enrolment, chip, connection.
#include <stdio.h>

#include "net_hal.h"
#include "part.h"
#include "sense.h"

static void no_start(uint32_t ms) { (void)ms; }

static const struct part LIGHT = {SENSE_LIGHT, no_start, no_start, light_newest, light_set};
const struct sketch sketch = {"cabinet", 1, (const struct part *const[]){&LIGHT}};

int main(void)
{
    test_guard();
    test_enrol();
    test_ether();
    puts("host tests of the network passed");
    return 0;
}
