#include "camera.h"

#include <string.h>

#include <avr_ioport.h>

#include "chips.h"

#define IDLE_CYCLES 16000 // without a clock the chip stands still: look again in 1 ms
// Registers of timer 2 in both chips, and the bits that make it toggle OC2A at every cycle.
#define TCCR2A 0xB0
#define TCCR2B 0xB1
#define OCR2A 0xB3
#define TOGGLES 0x42
#define UNDIVIDED 0x01

struct leg {
    char port;
    uint8_t bit;
};
// The same as boards/pins_camera_*.h.
static const struct board {
    const char *mcu;
    struct leg reset, sccb_data, sccb_clock, vsync, href, pclk, clock, data[8];
} BOARDS[] = {
    {"atmega328p", {'B', 1}, {'C', 4}, {'C', 5}, {'D', 3}, {'B', 0}, {'D', 2}, {'B', 3},
     {{'C', 0}, {'C', 1}, {'C', 2}, {'C', 3}, {'D', 4}, {'D', 5}, {'D', 6}, {'D', 7}}},
    {"atmega2560", {'H', 6}, {'D', 1}, {'D', 0}, {'E', 5}, {'H', 5}, {'E', 4}, {'B', 4},
     {{'A', 0}, {'A', 1}, {'A', 2}, {'A', 3}, {'A', 4}, {'A', 5}, {'A', 6}, {'A', 7}}},
};
static const struct board *board;
static avr_t *avr;
static uint8_t shown; // the byte at the data lines

static avr_irq_t *pin(struct leg leg)
{
    return avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(leg.port), leg.bit);
}

static bool is_output(struct leg leg)
{
    avr_ioport_state_t state;

    avr_ioctl(avr, AVR_IOCTL_IOPORT_GETSTATE(leg.port), &state);
    return state.ddr >> leg.bit & 1;
}

// ---- SCCB and reset ------------------------------------------------------------------

// Both lines have pull-ups: the host holds one low by making it an output.
static void on_sccb(avr_irq_t *irq, uint32_t value, void *param)
{
    struct leg leg = board->sccb_data;
    bool pulled = chips.camera.pulls;

    (void)irq, (void)value, (void)param;
    bool pulls = ov7670_model_wire(&chips.camera, !is_output(leg), !is_output(board->sccb_clock));
    if (pulls == pulled)
        return;
    // Left with the port too, as each write to it gives pins with a pull-up their level anew.
    avr_ioport_external_t low = {.name = leg.port, .mask = pulls << leg.bit, .value = 0};
    avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(leg.port), &low);
    if (!is_output(leg))
        avr_raise_irq(pin(leg), !pulls);
}

static void on_reset(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq, (void)param;
    ov7670_model_reset(&chips.camera, value & 1);
}

// ---- frames --------------------------------------------------------------------------

static bool is_clocked(void)
{
    return (avr->data[TCCR2A] & TOGGLES) == TOGGLES && (avr->data[TCCR2B] & 7) == UNDIVIDED &&
           is_output(board->clock);
}

static void show(void)
{
    const struct ov7670_model *model = &chips.camera;

    for (uint8_t i = 0, changed = model->byte ^ shown; i < 8; i++)
        if (changed >> i & 1)
            avr_raise_irq(pin(board->data[i]), model->byte >> i & 1);
    shown = model->byte;
    avr_raise_irq(pin(board->vsync), model->vsync);
    avr_raise_irq(pin(board->href), model->href);
    avr_raise_irq(pin(board->pclk), model->clock);
}

static avr_cycle_count_t next_change(avr_t *a, avr_cycle_count_t when, void *param)
{
    (void)a, (void)param;
    if (!is_clocked())
        return when + IDLE_CYCLES;
    uint32_t clocks = ov7670_model_next(&chips.camera);
    show();
    uint32_t cycles = 2U * (avr->data[OCR2A] + 1U) * ov7670_model_prescale(&chips.camera);
    return when + (avr_cycle_count_t)clocks * cycles;
}

void camera_restart(void)
{
    avr_cycle_timer_register(avr, IDLE_CYCLES, next_change, NULL);
}

bool camera_wire(avr_t *chip, const char *mcu)
{
    avr = chip;
    for (unsigned i = 0; i < sizeof BOARDS / sizeof *BOARDS; i++)
        if (strcmp(BOARDS[i].mcu, mcu) == 0)
            board = &BOARDS[i];
    if (!board)
        return false;
    ov7670_model_start(&chips.camera);
    avr_irq_register_notify(pin(board->sccb_data), on_sccb, NULL);
    avr_irq_register_notify(pin(board->sccb_clock), on_sccb, NULL);
    avr_irq_register_notify(pin(board->reset), on_reset, NULL);
    return true;
}
