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

#include "camera.h"
#include "chance.h"
#include "net.h"

#define MHZ 16
#define UART_ROOM 8192
#define RAM_BEGIN 0x100 // the pointer is below it before the start-up code sets it
#define CODE_ROOM 512
#define CODE_BIT_US 104 // 9600 Bd

struct chips chips;
void (*chips_uart_out)(uint8_t byte);

static avr_t *avr;
static uint64_t before_us; // simulated time before the last reset
static avr_cycle_count_t last_cycle;
static bool was_reset;
static void (*core_reset)(avr_t *);
static bool uart_open;
static uint16_t lowest_stack = UINT16_MAX;
static struct rc522_model *selected; // the reader that hears the SPI bus
static bool ether_selected;          // or the W5500 does
static uint32_t edges_left;
static struct {
    uint8_t us[DHT_MODEL_PHASES];
    uint8_t count, next;
} answer; // of the climate sensor, while it drives its line
static struct {
    uint8_t bytes[CODE_ROOM];
    size_t count, next;
    uint8_t bit; // of the byte under way: 0 = start bit
} scan;          // what the code reader sends
static struct {
    uint8_t bytes[UART_ROOM];
    size_t head, tail;
} uart;

// Where each chip hangs; the same as boards/pins_*.h.
struct leg {
    char port;
    uint8_t bit;
};
static const struct board {
    const char *mcu;
    struct leg edges, trig, echo, weight_data, weight_clock, reset, select, reset_2, select_2;
    struct leg climate;
    struct leg ether;    // select of the W5500; port 0 = no shield
    struct leg code;     // line of the code reader; port 0 = none
} BOARDS[] = {
    {"atmega328p", {'D', 2}, {'D', 7}, {'B', 0}, {'D', 4}, {'D', 5}, {'B', 1}, {'B', 2}, {'C', 2},
     {'D', 6}, {'C', 3}, {0, 0}, {'D', 3}},
    {"atmega2560", {'E', 4}, {'H', 4}, {'B', 4}, {'G', 5}, {'E', 3}, {'H', 6}, {'B', 0}, {'F', 2},
     {'H', 3}, {'F', 3}, {0, 0}, {'E', 5}},
    {"atmega328p", {'D', 2}, {'D', 7}, {'B', 0}, {'D', 3}, {'D', 5}, {'B', 1}, {'D', 6}, {'C', 2},
     {'C', 4}, {'C', 3}, {'B', 2}, {0, 0}},
    {"atmega2560", {'E', 4}, {'H', 4}, {'B', 5}, {'E', 5}, {'E', 3}, {'H', 6}, {'H', 3}, {'F', 2},
     {'F', 4}, {'F', 3}, {'B', 4}, {0, 0}},
};
static const struct board *board; // NULL: a camera board

static avr_irq_t *pin(struct leg leg)
{
    return avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(leg.port), leg.bit);
}

uint64_t chips_us(void) { return before_us + avr->cycle / MHZ; }

static void later(uint32_t us, avr_cycle_timer_t timer)
{
    avr_cycle_timer_register(avr, (avr_cycle_count_t)us * MHZ, timer, NULL);
}

// ---- light, vibration, distance ------------------------------------------------------

static void on_adc(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    union {
        avr_adc_mux_t mux;
        uint32_t v;
    } asked = {.v = value};
    int input = asked.mux.src == 1 ? ADC_IRQ_ADC1 : ADC_IRQ_ADC0;
    int32_t mv = asked.mux.src == 1 ? chips.level_mv + chance_noise(chips.level_noise_mv)
                                    : chips.light_mv + chance_noise(chips.light_noise_mv);
    mv = mv < 0 ? 0 : mv > 5000 ? 5000 : mv;
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, input), mv);
}

static avr_cycle_count_t next_edge(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)param;
    if (!edges_left)
        return 0;
    edges_left--;
    avr_raise_irq(pin(board->edges), edges_left & 1);
    return when + MHZ * (200 + chance_next() % 4800);
}

void chips_shake(uint32_t edges)
{
    bool idle = !edges_left;

    if (!board)
        return;
    edges_left += edges + (edges & 1); // an odd count would leave the line high
    if (idle && edges_left)
        later(200, next_edge);
}

static avr_cycle_count_t echo_ends(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)when, (void)param;
    avr_raise_irq(pin(board->echo), chips.distance.stuck);
    return 0;
}

static avr_cycle_count_t echo_begins(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)when, (void)param;
    avr_raise_irq(pin(board->echo), 1);
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

// Each write to the port lets simavr raise pins with a pull-up again, so the level is also
// left with the port as an external one.
static void set_weight_data(bool high)
{
    struct leg leg = board->weight_data;
    avr_ioport_external_t level = {
        .name = leg.port, .mask = 1 << leg.bit, .value = high << leg.bit};
    avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(leg.port), &level);
    avr_raise_irq(pin(board->weight_data), high);
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
    struct rc522_model *reader = param;

    (void)irq;
    if (value & 1) {
        if (selected == reader)
            selected = NULL;
        return;
    }
    selected = reader;
    rc522_model_select(reader);
}

static void on_ether_select(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    ether_selected = !(value & 1);
    if (ether_selected)
        w5500_model_select(&chips.ether);
}

static void on_reader_reset(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    rc522_model_reset(param, value & 1);
}

static void on_spi(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    uint8_t byte = 0xFF;
    if (selected)
        byte = rc522_model_byte(selected, (uint8_t)value, chips_us());
    else if (ether_selected)
        byte = w5500_model_byte(&chips.ether, (uint8_t)value);
    avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_INPUT), byte);
}

// ---- climate -------------------------------------------------------------------------

static avr_cycle_count_t next_phase(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)param;
    if (answer.next == answer.count) {
        avr_raise_irq(pin(board->climate), 1);
        answer.count = 0;
        return 0;
    }
    avr_raise_irq(pin(board->climate), !(answer.next & 1));
    return when + MHZ * answer.us[answer.next++];
}

static void on_climate(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    if (answer.count) // our own doing
        return;
    if (!dht_model_hold(&chips.climate, !(value & 1), chips_us()))
        return;
    answer.count = dht_model_answer(&chips.climate, answer.us);
    answer.next = 1; // the first phase, high, is the line as the host left it
    later(answer.us[0], next_phase);
}

// ---- code reader ---------------------------------------------------------------------

static avr_cycle_count_t next_bit(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)param;
    if (scan.next == scan.count)
        return 0;
    uint16_t frame = (uint16_t)(0x200 | scan.bytes[scan.next] << 1); // start, 8 bits, stop
    avr_raise_irq(pin(board->code), frame >> scan.bit & 1);
    if (++scan.bit == 10) {
        scan.bit = 0;
        scan.next++;
    }
    return when + MHZ * CODE_BIT_US;
}

bool chips_scan(const uint8_t *bytes, size_t count)
{
    if (!board || !board->code.port || scan.next != scan.count || count > CODE_ROOM)
        return false;
    memcpy(scan.bytes, bytes, count);
    scan.count = count;
    scan.next = scan.bit = 0;
    later(CODE_BIT_US, next_bit);
    return true;
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

// A low INT pin would otherwise re-arm a timer almost every cycle (simavr issue 465).
static void calm_interrupts(void)
{
    for (uint8_t i = 0; i < (strcmp(avr->mmcu, "atmega2560") == 0 ? 8 : 2); i++)
        avr_extint_set_strict_lvl_trig(avr, i, 0);
}

// A reset cancels every timer and forgets every level: give them back.
static void restore_lines(void)
{
    was_reset = false;
    calm_interrupts();
    uart_open = true;
    if (!board) {
        camera_restart();
        return;
    }
    edges_left = 0;
    answer.count = 0;
    scan.next = scan.count;
    if (board->code.port)
        avr_raise_irq(pin(board->code), 1);
    hx711_model_clock(&chips.weight, false, chips_us());
    avr_raise_irq(pin(board->edges), 0);
    later(1000000U / chips.weight.sps, convert);
    chips_update();
}

void chips_update(void)
{
    if (!board)
        return;
    avr_raise_irq(pin(board->echo), chips.distance.stuck);
    if (chips.weight.gone)
        set_weight_data(true);
}

static void wire_serial(void)
{
    avr_irq_t *serial = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), 0);
    uint32_t flags = 0;

    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(serial + UART_IRQ_OUTPUT, on_uart, NULL);
    avr_irq_register_notify(serial + UART_IRQ_OUT_XON, on_xon, NULL);
    avr_irq_register_notify(serial + UART_IRQ_OUT_XOFF, on_xoff, NULL);
}

static void wire_sensors(void)
{
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, ADC_IRQ_OUT_TRIGGER),
                            on_adc, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_OUTPUT), on_spi,
                            NULL);
    avr_irq_register_notify(pin(board->trig), on_trigger, NULL);
    avr_irq_register_notify(pin(board->weight_clock), on_weight_clock, NULL);
    avr_irq_register_notify(pin(board->reset), on_reader_reset, &chips.reader);
    avr_irq_register_notify(pin(board->select), on_select, &chips.reader);
    avr_irq_register_notify(pin(board->reset_2), on_reader_reset, &chips.reader_2);
    avr_irq_register_notify(pin(board->select_2), on_select, &chips.reader_2);
    avr_irq_register_notify(pin(board->climate), on_climate, NULL);
    if (board->ether.port)
        avr_irq_register_notify(pin(board->ether), on_ether_select, NULL);
}

static void start_models(void)
{
    chips.light_mv = 400;
    chips.light_noise_mv = 10;
    chips.level_mv = 2500;
    chips.level_noise_mv = 5;
    hcsr04_model_start(&chips.distance);
    hx711_model_start(&chips.weight);
    rc522_model_start(&chips.reader);
    rc522_model_start(&chips.reader_2);
    dht_model_start(&chips.climate);
    w5500_model_start(&chips.ether, &net_of_host);
}

static bool wire_board(const char *mcu, enum around around)
{
    if (around == AROUND_CAMERA)
        return camera_wire(avr, mcu);
    for (unsigned i = 0; i < sizeof BOARDS / sizeof *BOARDS; i++)
        if (strcmp(BOARDS[i].mcu, mcu) == 0 && !!BOARDS[i].ether.port == (around == AROUND_SHIELD))
            board = &BOARDS[i];
    if (!board)
        return false;
    wire_sensors();
    return true;
}

bool chips_start(const char *elf, const char *mcu, enum around around)
{
    elf_firmware_t firmware = {0};

    avr_global_logger_set(quiet);
    if (elf_read_firmware(elf, &firmware) != 0) {
        fprintf(stderr, "boardsim: cannot read %s\n", elf);
        return false;
    }
    avr = avr_make_mcu_by_name(mcu);
    if (!avr || avr_init(avr) != 0) {
        fprintf(stderr, "boardsim: no chip %s\n", mcu);
        return false;
    }
    firmware.frequency = MHZ * 1000000;
    avr_load_firmware(avr, &firmware);
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->sleep = no_sleep;
    avr->run_cycle_limit = MHZ * 1000;
    core_reset = avr->reset;
    avr->reset = on_reset;
    start_models();
    wire_serial();
    if (!wire_board(mcu, around)) {
        fprintf(stderr, "boardsim: no board with %s\n", mcu);
        return false;
    }
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

uint16_t chips_lowest_stack(void) { return lowest_stack; }

bool chips_run_until(uint64_t us)
{
    feed_uart();
    w5500_model_step(&chips.ether);
    while (chips_us() < us) {
        int state = avr_run(avr);
        uint16_t stack = avr->data[R_SPL] | avr->data[R_SPH] << 8;
        if (stack >= RAM_BEGIN && stack < lowest_stack)
            lowest_stack = stack;
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
