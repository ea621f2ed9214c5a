#include "ov7670_model.h"

#include <string.h>

#include "chance.h"

#define ROW 1568 // internal clocks of a row of 784 pixels
#define SYNC_ROWS 3
#define FRONT_ROWS 17
#define BACK_ROWS 10
#define FRAME_ROWS 510

enum { CLKRC = 0x11, COM7 = 0x12, COM3 = 0x0C, COM10 = 0x15, TSLB = 0x3A, COM14 = 0x3E };
enum { IDLE, ADDRESS, PLACE, VALUE, TELL };
enum { SYNC, FRONT, LINE, RISE, FALL, BACK };

static void clear_registers(struct ov7670_model *model)
{
    memset(model->registers, 0, sizeof model->registers);
    model->registers[0x0A] = 0x76; // PID and VER
    model->registers[0x0B] = 0x73;
    model->registers[CLKRC] = 0x80;
    model->registers[TSLB] = 0x0D;
}

void ov7670_model_start(struct ov7670_model *model)
{
    memset(model, 0, sizeof *model);
    model->data_was = model->clock_was = true;
    clear_registers(model);
}

void ov7670_model_reset(struct ov7670_model *model, bool high)
{
    if (!high)
        clear_registers(model);
}

// ---- SCCB ----------------------------------------------------------------------------

static void store(struct ov7670_model *model)
{
    model->registers[model->at] = model->shift;
    if (model->at == COM7 && model->shift & 0x80)
        clear_registers(model);
}

// A byte came whole.  True when it is acknowledged.
static bool take_byte(struct ov7670_model *model)
{
    switch (model->phase) {
    case ADDRESS:
        model->next_phase = model->shift == 0x42 ? PLACE : model->shift == 0x43 ? TELL : IDLE;
        return model->next_phase != IDLE;
    case PLACE:
        model->at = model->shift;
        model->next_phase = VALUE;
        return true;
    case VALUE:
        store(model);
        return true;
    default:
        return false;
    }
}

static void clock_fell(struct ov7670_model *model)
{
    if (model->count == 8) {
        model->pulls = take_byte(model);
        return;
    }
    if (model->count == 9) {
        model->count = 0;
        model->pulls = false;
        model->phase = model->phase == TELL ? IDLE : model->next_phase;
    }
    if (model->phase == TELL)
        model->pulls = !(model->registers[model->at] >> (7 - model->count) & 1);
}

bool ov7670_model_wire(struct ov7670_model *model, bool data, bool clock)
{
    bool held = clock && model->clock_was;

    if (model->gone) {
        model->phase = IDLE;
        model->pulls = false;
    } else if (held && data != model->data_was) { // begin or end
        model->phase = model->next_phase = data ? IDLE : ADDRESS;
        model->count = 0;
        model->pulls = false;
    } else if (model->phase != IDLE && clock && !model->clock_was) {
        if (++model->count <= 8)
            model->shift = (uint8_t)(model->shift << 1 | data);
    } else if (model->phase != IDLE && !clock && model->clock_was) {
        clock_fell(model);
    }
    model->data_was = data;
    model->clock_was = clock;
    return model->pulls;
}

// ---- frames --------------------------------------------------------------------------

uint16_t ov7670_model_prescale(const struct ov7670_model *model)
{
    uint8_t clkrc = model->registers[CLKRC]; // bit 7: the input clock is not halved

    return (uint16_t)(((clkrc & 0x3F) + 1) * (clkrc & 0x80 ? 1 : 2));
}

static bool gives_lines(const struct ov7670_model *model)
{
    const uint8_t *at = model->registers;

    return at[COM7] == 0 && at[COM3] == 4 && at[COM14] == 0x19 && at[0x72] == 0x11 &&
           at[0x73] == 0xF1 && at[COM10] == 0x20 && !(at[TSLB] & 8);
}

uint8_t ov7670_model_luma(uint16_t x, uint16_t y, uint8_t scene)
{
    return (uint8_t)(x + 2 * y + 16 * scene);
}

static void show(struct ov7670_model *model)
{
    uint8_t luma = ov7670_model_luma(model->place / 2, model->line, model->shown);

    model->byte = model->place & 1 ? (uint8_t)~luma : luma; // Y, then U or V
}

static uint32_t begin_line(struct ov7670_model *model)
{
    if (!gives_lines(model)) {
        model->stage = SYNC;
        return (FRAME_ROWS - SYNC_ROWS - FRONT_ROWS) * ROW;
    }
    model->href = true;
    model->place = 0;
    show(model);
    model->stage = RISE;
    return 1;
}

static uint32_t end_byte(struct ov7670_model *model)
{
    model->clock = false;
    model->stage = RISE;
    if (++model->place < 2 * OV7670_MODEL_WIDTH) {
        show(model);
        return 1;
    }
    model->href = false;
    model->stage = ++model->line < OV7670_MODEL_HEIGHT ? LINE : BACK;
    return 2 * ROW - 4 * OV7670_MODEL_WIDTH; // a line of this size takes two rows
}

static uint32_t go_on(struct ov7670_model *model)
{
    switch (model->stage) {
    case SYNC:
        model->vsync = true;
        model->shown = model->scene;
        model->stage = FRONT;
        return SYNC_ROWS * ROW;
    case FRONT:
        model->vsync = false;
        model->line = 0;
        model->stage = LINE;
        return FRONT_ROWS * ROW;
    case LINE:
        return begin_line(model);
    case RISE:
        model->clock = !model->drop || chance_next() % 1000 >= model->drop;
        model->stage = FALL;
        return 1;
    case FALL:
        return end_byte(model);
    default:
        model->stage = SYNC;
        return BACK_ROWS * ROW;
    }
}

uint32_t ov7670_model_next(struct ov7670_model *model)
{
    if (!model->gone && !model->frozen)
        return go_on(model);
    model->vsync = model->href = model->clock = false;
    model->stage = SYNC;
    return ROW;
}
