// hal.h on the host: time that the tests turn, and the simulator's chip models on the pins.
#ifndef FAKE_HAL_H
#define FAKE_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dht_model.h"
#include "hcsr04_model.h"
#include "hx711_model.h"
#include "ov7670_model.h"
#include "rc522_model.h"

#define FAKE_OUT 131072

struct fake {
    uint64_t us;
    uint16_t light;
    uint16_t level; // counts of the liquid-level probe
    uint16_t edges;
    const char *scan; // what the code reader sends, a byte a ms
    bool uart_full;
    int eeprom_writes_left; // the power goes after so many; -1 = never
    uint8_t eeprom[1024];
    uint32_t eeprom_wear[1024]; // writes of each byte
    uint64_t eeprom_until_us;   // when the byte begun is written
    char out[FAKE_OUT]; // all the board sent since fake_forget_output
    size_t out_count;
    uint64_t irq_off_us, irq_off_longest_us;
    struct hcsr04_model distance;
    struct hx711_model weight;
    struct rc522_model reader;
    struct dht_model climate;
    struct ov7670_model camera;
    bool camera_on;       // its clock runs
    uint32_t send_us;     // what a byte of a picture takes
    uint64_t alive_us, unfed_longest_us; // of the watchdog
};

extern struct fake fake;

// A new chip with empty EEPROM and SRAM at time 0.
void fake_start(void);
// Forget what SRAM holds: the power was away.
void fake_power_cut(void);
// Turn the clock; conversions and echoes happen on the way.
void fake_advance_us(uint32_t us);
// Turn it by so many ms, with one pass of the board's loop each.
void fake_run(uint32_t ms);
// Put text on the board's RX line.
void fake_say(const char *text);
void fake_forget_output(void);
// How often a text is in the output.
int fake_count(const char *text);

#endif
