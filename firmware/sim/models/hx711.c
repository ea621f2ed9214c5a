#include "hx711_model.h"

#include "chance.h"

#define POWER_DOWN_US 60
#define ABANDONED_US 10000 // a read that stopped half-way

void hx711_model_start(struct hx711_model *model)
{
    *model = (struct hx711_model){.raw = 400000, .noise = 40, .sps = 10};
}

bool hx711_model_convert(struct hx711_model *model, uint64_t now_us)
{
    int32_t counts = model->raw + chance_noise(model->noise);

    if (model->gone)
        return true;
    if (model->bits && now_us - model->edge_us < ABANDONED_US)
        return model->sample >> (24 - model->bits) & 1;
    if (counts > 8388607)
        counts = 8388607;
    if (counts < -8388608)
        counts = -8388608;
    model->sample = (uint32_t)counts & 0xFFFFFF;
    model->bits = 0;
    model->ready = true;
    return false;
}

bool hx711_model_clock(struct hx711_model *model, bool high, uint64_t now_us)
{
    if (!high && model->clock && now_us - model->edge_us > POWER_DOWN_US) {
        model->slow_pulses++;
        model->ready = false;
        model->bits = 0;
    }
    bool rising = high && !model->clock;
    model->clock = high;
    model->edge_us = now_us;
    if (model->gone || !model->ready)
        return true;
    if (rising && model->deaf_pulses) {
        model->deaf_pulses--;
        rising = false;
    }
    if (rising && ++model->bits == 25) {
        model->ready = false;
        model->bits = 0;
        return true;
    }
    return model->bits ? model->sample >> (24 - model->bits) & 1 : false;
}
