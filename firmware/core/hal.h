// The only door to hardware.  core/, drivers/ and boards/cabinet.c see no register and
// no pin number; boards/hal_avr.c stands behind this header on the chip, and
// test/fake_hal.c in the host tests.  No call waits without a bound.
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stdint.h>

// For functions with a buffer of a line: inlined into the loop it would stand on the stack always.
#define HAL_APART __attribute__((noinline))

#ifdef __AVR__
#include <avr/pgmspace.h>
#define HAL_FLASH PROGMEM // tables stay out of the 2 KB of SRAM
#define HAL_KEPT __attribute__((section(".noinit"))) // not cleared at start
#define hal_flash_u8(address) pgm_read_byte(address)
#define hal_flash_u32(address) pgm_read_dword(address)
#define hal_flash_copy(to, from, count) memcpy_P(to, from, count)
#else
#define HAL_FLASH
#define HAL_KEPT
#define hal_flash_u8(address) (*(address))
#define hal_flash_u32(address) (*(address))
#define hal_flash_copy(to, from, count) memcpy(to, from, count)
#endif

enum hal_pin {
    HAL_TRIG,
    HAL_ECHO,
    HAL_HX_DATA,
    HAL_HX_CLOCK,
    HAL_RC_RESET,
    HAL_RC_SELECT,
    HAL_RC_RESET_2, // of the gate's second reader
    HAL_RC_SELECT_2,
    HAL_DHT, // one wire, both ways
    HAL_ETH_SELECT, // of the W5500, and of the memory card on its shield: Ethernet boards only
    HAL_SD_SELECT,
    HAL_CAMERA_RESET, // of the OV7670, low = reset, and its SCCB lines: camera boards only
    HAL_SCCB_DATA,
    HAL_SCCB_CLOCK,
};
enum hal_analog { HAL_LIGHT, HAL_LEVEL };

// Time since start; both wrap at 2^32.
uint32_t hal_ms(void);
uint32_t hal_us(void);
void hal_delay_us(uint8_t us);

void hal_pin(enum hal_pin pin, bool high);
bool hal_read(enum hal_pin pin);
// Hold a line of one wire low, or leave it to its pull-up.
void hal_pull(enum hal_pin pin, bool low);
// One conversion, 0..1023; takes 0.1 ms.
uint16_t hal_adc(enum hal_analog input);
// Send one byte to the selected chip, return the byte it sent meanwhile.
uint8_t hal_spi(uint8_t byte);

// Level changes of the vibration input since the last call.
uint16_t hal_edges(void);
// Forget the last echo.
void hal_echo_clear(void);
// Length of the echo pulse that began after hal_echo_clear; false while it has not ended.
bool hal_echo(uint32_t *us);

// No interrupt between these two.  Keep the stretch under 60 us: a longer HX711 clock
// pulse powers that chip down.
void hal_irq_off(void);
void hal_irq_on(void);
// Where interrupts must stay off for longer, call this at least once a ms: it counts the ms that
// is due; true when one was.
bool hal_tick(void);
// Within a step that may outlast the watchdog's 2 s, after each bounded part of it.
void hal_alive(void);

// Next received byte; false when there is none.
bool hal_uart_get(uint8_t *byte);
// How many bytes hal_uart_put takes now.
uint8_t hal_uart_room(void);
void hal_uart_put(const char *bytes, uint8_t count);
// Send a byte behind all that was put; waits until it can, at most 1.3 ms at 1 MBd.
void hal_uart_send(uint8_t byte);

// The code reader's line, 9600 Bd 8N1; only in images with a code reader.
void hal_scan_start(void);
bool hal_scan_get(uint8_t *byte);

// The lines of an OV7670 as they are now, and its clock; only in images with a camera.
void hal_camera_start(void);
bool hal_camera_vsync(void);
bool hal_camera_href(void);
bool hal_camera_clock(void);
uint8_t hal_camera_byte(void);

// While a byte is being written this waits for its end, at most 3.4 ms.
uint8_t hal_eeprom_read(uint16_t address);
// Write when different; at most 3.4 ms.  Call at start only.
void hal_eeprom_write(uint16_t address, uint8_t byte);
// Has the last write ended?
bool hal_eeprom_ready(void);
// Begin to write a byte; hal_eeprom_ready() must hold.  Durable once it is ready again.
void hal_eeprom_begin(uint16_t address, uint8_t byte);

// Bytes between the end of static data and the stack.
uint16_t hal_free_ram(void);

#endif
