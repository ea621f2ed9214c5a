#include "dht_model.h"

#include "chance.h"

#define START_DHT11_US 18000
#define START_DHT22_US 800

void dht_model_start(struct dht_model *model)
{
    *model = (struct dht_model){.decicelsius = 213, .permille = 478};
}

bool dht_model_hold(struct dht_model *model, bool low, uint64_t now_us)
{
    uint32_t least_us = model->is_dht11 ? START_DHT11_US : START_DHT22_US;
    bool asked = model->low && !low && now_us - model->low_us >= least_us;

    if (low && !model->low)
        model->low_us = now_us;
    model->low = low;
    return asked && !model->gone;
}

static void make_bytes(const struct dht_model *model, uint8_t bytes[5])
{
    int16_t size = model->decicelsius < 0 ? -model->decicelsius : model->decicelsius;

    if (model->is_dht11) {
        bytes[0] = (uint8_t)(model->permille / 10);
        bytes[1] = bytes[3] = 0;
        bytes[2] = (uint8_t)(size / 10);
    } else {
        bytes[0] = (uint8_t)(model->permille >> 8);
        bytes[1] = (uint8_t)model->permille;
        bytes[2] = (uint8_t)(size >> 8 | (model->decicelsius < 0 ? 0x80 : 0));
        bytes[3] = (uint8_t)size;
    }
    bytes[4] = (uint8_t)(bytes[0] + bytes[1] + bytes[2] + bytes[3]);
}

uint8_t dht_model_answer(struct dht_model *model, uint8_t phases_us[DHT_MODEL_PHASES])
{
    uint8_t bytes[5], count = 0;

    make_bytes(model, bytes);
    if (chance_percent(model->garble))
        bytes[chance_next() % 5] ^= (uint8_t)(1 << chance_next() % 8);
    phases_us[count++] = 30;
    phases_us[count++] = 80;
    phases_us[count++] = 80;
    for (uint8_t bit = 0; bit < 40; bit++) {
        phases_us[count++] = 50;
        phases_us[count++] = bytes[bit / 8] >> (7 - bit % 8) & 1 ? 70 : 26;
    }
    phases_us[count++] = 50;
    return chance_percent(model->cut) ? 2 * (uint8_t)(chance_next() % 41) + 1 : count;
}
