// The simulated ATmega328P or ATmega2560 with every sensor's chip wired to its pins.
#ifndef CHIPS_H
#define CHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dht_model.h"
#include "hcsr04_model.h"
#include "hx711_model.h"
#include "ov7670_model.h"
#include "rc522_model.h"
#include "w5500_model.h"

#define EEPROM_SIZE 1024

struct chips {
    int32_t light_mv; // LDR divider
    int32_t light_noise_mv;
    struct hcsr04_model distance;
    struct hx711_model weight;
    struct rc522_model reader;
    struct rc522_model reader_2; // of a gate
    struct dht_model climate;
    struct w5500_model ether; // of an Ethernet board
    int32_t level_mv; // liquid-level probe
    int32_t level_noise_mv;
    struct ov7670_model camera; // of a camera board, which has nothing else
};

extern struct chips chips;

enum around { AROUND_SENSORS, AROUND_SHIELD, AROUND_CAMERA };

// Load the ELF for a chip, "atmega328p" or "atmega2560", with the sensors around it, also under an
// Ethernet shield, or with a camera alone; false, with a word on stderr, when that fails.
bool chips_start(const char *elf, const char *mcu, enum around around);
// Simulated time since start; a reset does not set it back.
uint64_t chips_us(void);
// Run until that time.  False when the processor crashed.
bool chips_run_until(uint64_t us);
// The lowest the stack pointer ever was.
uint16_t chips_lowest_stack(void);
// Press the reset button.
void chips_reset(void);
// So many level changes on the vibration input, 0.2 to 5 ms apart, ending low.
void chips_shake(uint32_t edges);
// Let the code reader send bytes at 9600 Bd; false while it still sends, or where none is.
bool chips_scan(const uint8_t *bytes, size_t count);
// Apply changes of hx711_model.gone and sps, hcsr04_model.stuck to the lines.
void chips_update(void);

void chips_eeprom_get(uint8_t image[EEPROM_SIZE]);
void chips_eeprom_set(const uint8_t image[EEPROM_SIZE]);

// Bytes for the board's RX line; false when there is no room for all of them.
bool chips_uart_in(const uint8_t *bytes, size_t count);
// Called for each byte on the board's TX line.
extern void (*chips_uart_out)(uint8_t byte);

#endif
