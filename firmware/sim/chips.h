// The simulated ATmega328P with the cabinet's chips wired to its pins.
#ifndef CHIPS_H
#define CHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hcsr04_model.h"
#include "hx711_model.h"
#include "rc522_model.h"

#define EEPROM_SIZE 1024

struct chips {
    int32_t light_mv; // LDR divider
    int32_t light_noise_mv;
    struct hcsr04_model distance;
    struct hx711_model weight;
    struct rc522_model reader;
};

extern struct chips chips;

// Load the ELF; false, with a word on stderr, when that fails.
bool chips_start(const char *elf);
// Simulated time since start; a reset does not set it back.
uint64_t chips_us(void);
// Run until that time.  False when the processor crashed.
bool chips_run_until(uint64_t us);
// Press the reset button.
void chips_reset(void);
// So many level changes on the vibration input, 0.2 to 5 ms apart, ending low.
void chips_shake(uint32_t edges);
// Apply changes of hx711_model.gone and sps, hcsr04_model.stuck to the lines.
void chips_update(void);

void chips_eeprom_get(uint8_t image[EEPROM_SIZE]);
void chips_eeprom_set(const uint8_t image[EEPROM_SIZE]);

// Bytes for the board's RX line; false when there is no room for all of them.
bool chips_uart_in(const uint8_t *bytes, size_t count);
// Called for each byte on the board's TX line.
extern void (*chips_uart_out)(uint8_t byte);

#endif
