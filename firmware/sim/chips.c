#include "chips.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avr_adc.h>
#include <avr_eeprom.h>
#include <avr_extint.h>
#include <avr_ioport.h>
#include <avr_spi.h>
#include <avr_uart.h>
#include <sim_avr.h>
#include <sim_elf.h>

#include "chance.h"

#define MHZ 16
#define UART_ROOM 8192

struct chips chips;
void (*chips_uart_out)(uint8_t byte);

static avr_t *avr;
static uint64_t before_us; // simulated time before the last reset
static avr_cycle_count_t last_cycle;
static bool was_reset;
static void (*core_reset)(avr_t *);
static bool selected, uart_open;
static uint32_t edges_left;
static struct {
    uint8_t bytes[UART_ROOM];
    size_t head, tail;
} uart;

static avr_irq_t *pin(char port, int bit)
{
    return avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit);
}

uint64_t chips_us(void) { return before_us + avr->cycle / MHZ; }

static void later(uint32_t us, avr_cycle_timer_t timer)
{
    avr_cycle_timer_register(avr, (avr_cycle_count_t)us * MHZ, timer, NULL);
}

// ---- light, vibration, distance ------------------------------------------------------

static void on_adc(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    int32_t mv = chips.light_mv + chance_noise(chips.light_noise_mv);
    mv = mv < 0 ? 0 : mv > 5000 ? 5000 : mv;
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_ADC0), mv);
}

static avr_cycle_count_t next_edge(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)param;
    if (!edges_left)
        return 0;
    edges_left--;
    avr_raise_irq(pin('D', 2), edges_left & 1);
    return when + MHZ * (200 + chance_next() % 4800);
}

void chips_shake(uint32_t edges)
{
    bool idle = !edges_left;

    edges_left += edges + (edges & 1); // an odd count would leave the line high
    if (idle && edges_left)
        later(200, next_edge);
}

static avr_cycle_count_t echo_ends(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)when, (void)param;
    avr_raise_irq(pin('B', 0), chips.distance.stuck);
    return 0;
}

static avr_cycle_count_t echo_begins(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)when, (void)param;
    avr_raise_irq(pin('B', 0), 1);
    later(hcsr04_model_echo_us(&chips.distance), echo_ends);
    return 0;
}

static void on_trigger(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    if (hcsr04_model_trigger(&chips.distance, value & 1, chips_us()))
        later(HCSR04_MODEL_DELAY_US, echo_begins);
}

// ---- weight --------------------------------------------------------------------------

// Each write to PORTD lets simavr raise pins with a pull-up again, so the level is also
// left with the port as an external one.
static void set_weight_data(bool high)
{
    avr_ioport_external_t level = {.name = 'D', .mask = 1 << 4, .value = high << 4};
    avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('D'), &level);
    avr_raise_irq(pin('D', 4), high);
}

static avr_cycle_count_t convert(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)param;
    set_weight_data(hx711_model_convert(&chips.weight, chips_us()));
    return when + MHZ * 1000000U / chips.weight.sps;
}

static void on_weight_clock(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    set_weight_data(hx711_model_clock(&chips.weight, value & 1, chips_us()));
}

// ---- reader --------------------------------------------------------------------------

static void on_select(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    selected = !(value & 1);
    if (selected)
        rc522_model_select(&chips.reader);
}

static void on_reader_reset(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    rc522_model_reset(&chips.reader, value & 1);
}

static void on_spi(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    uint8_t answer = 0xFF;
    if (selected)
        answer = rc522_model_byte(&chips.reader, (uint8_t)value, chips_us());
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_INPUT), answer);
}

// ---- serial --------------------------------------------------------------------------

static void on_uart(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    chips_uart_out((uint8_t)value);
}

static void on_xon(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    uart_open = true;
}

static void on_xoff(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)value, (void)param;
    uart_open = false;
}

bool chips_uart_in(const uint8_t *bytes, size_t count)
{
    if (count > UART_ROOM - 1 - (uart.head - uart.tail) % UART_ROOM)
        return false;
    for (; count; count--, uart.head = (uart.head + 1) % UART_ROOM)
        uart.bytes[uart.head] = *bytes++;
    return true;
}

static void feed_uart(void)
{
    avr_irq_t *input = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);

    for (; uart_open && uart.tail != uart.head; uart.tail = (uart.tail + 1) % UART_ROOM)
        avr_raise_irq(input, uart.bytes[uart.tail]);
}

// ---- the processor -------------------------------------------------------------------

static void no_sleep(avr_t *a, avr_cycle_count_t cycles) { (void)a, (void)cycles; }

static void on_reset(avr_t *a)
{
    if (core_reset)
        core_reset(a);
    was_reset = true;
}

static void quiet(avr_t *a, const int level, const char *format, va_list list)
{
    (void)a;
    if (level == LOG_ERROR)
        vfprintf(stderr, format, list);
}

// A reset cancels every timer and forgets every level: give them back.
static void restore_lines(void)
{
    was_reset = false;
    uart_open = true;
    edges_left = 0;
    hx711_model_clock(&chips.weight, false, chips_us());
    avr_raise_irq(pin('D', 2), 0);
    later(1000000U / chips.weight.sps, convert);
    chips_update();
}

void chips_update(void)
{
    avr_raise_irq(pin('B', 0), chips.distance.stuck);
    if (chips.weight.gone)
        set_weight_data(true);
}

static void wire(void)
{
    avr_irq_t *serial = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), 0);
    uint32_t flags = 0;

    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(serial + UART_IRQ_OUTPUT, on_uart, NULL);
    avr_irq_register_notify(serial + UART_IRQ_OUT_XON, on_xon, NULL);
    avr_irq_register_notify(serial + UART_IRQ_OUT_XOFF, on_xoff, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER),
                            on_adc, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_OUTPUT), on_spi,
                            NULL);
    avr_irq_register_notify(pin('D', 7), on_trigger, NULL);
    avr_irq_register_notify(pin('D', 5), on_weight_clock, NULL);
    avr_irq_register_notify(pin('B', 1), on_reader_reset, NULL);
    avr_irq_register_notify(pin('B', 2), on_select, NULL);
}

static void start_models(void)
{
    chips.light_mv = 400;
    chips.light_noise_mv = 10;
    hcsr04_model_start(&chips.distance);
    hx711_model_start(&chips.weight);
    rc522_model_start(&chips.reader);
}

bool chips_start(const char *elf)
{
    elf_firmware_t firmware = {0};

    avr_global_logger_set(quiet);
    if (elf_read_firmware(elf, &firmware) != 0) {
        fprintf(stderr, "boardsim: cannot read %s\n", elf);
        return false;
    }
    avr = avr_make_mcu_by_name("atmega328p");
    if (!avr)
        return false;
    avr_init(avr);
    firmware.frequency = MHZ * 1000000;
    avr_load_firmware(avr, &firmware);
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->sleep = no_sleep;
    avr->run_cycle_limit = MHZ * 1000;
    // A low INT pin would otherwise re-arm a timer almost every cycle (simavr issue 465).
    avr_extint_set_strict_lvl_trig(avr, 0, 0);
    avr_extint_set_strict_lvl_trig(avr, 1, 0);
    core_reset = avr->reset;
    avr->reset = on_reset;
    start_models();
    wire();
    restore_lines();
    return true;
}

// simavr starts counting cycles anew at each reset.
static void keep_time(void)
{
    if (avr->cycle < last_cycle)
        before_us += last_cycle / MHZ;
    last_cycle = avr->cycle;
}

void chips_reset(void)
{
    keep_time();
    avr_reset(avr);
    keep_time();
    restore_lines();
}

bool chips_run_until(uint64_t us)
{
    feed_uart();
    while (chips_us() < us) {
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed)
            return false;
        keep_time();
        if (was_reset)
            restore_lines();
    }
    return true;
}

void chips_eeprom_get(uint8_t image[EEPROM_SIZE])
{
    avr_eeprom_desc_t all = {.ee = image, .offset = 0, .size = EEPROM_SIZE};
    avr_ioctl(avr, AVR_IOCTL_EEPROM_GET, &all);
}

void chips_eeprom_set(const uint8_t image[EEPROM_SIZE])
{
    avr_eeprom_desc_t all = {.ee = (uint8_t *)image, .offset = 0, .size = EEPROM_SIZE};
    avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &all);
}
