#include "hcsr04_model.h"

#include "chance.h"

#define NOTHING_US 38000
#define NEAREST_MM 20

void hcsr04_model_start(struct hcsr04_model *model)
{
    *model = (struct hcsr04_model){.mm = 400};
}

bool hcsr04_model_trigger(struct hcsr04_model *model, bool high, uint64_t now_us)
{
    bool ping = model->high && !high && now_us - model->high_us >= 9;

    if (high && !model->high)
        model->high_us = now_us;
    model->high = high;
    return ping && !model->stuck;
}

uint32_t hcsr04_model_echo_us(struct hcsr04_model *model)
{
    int32_t mm = model->mm + chance_noise(model->noise);

    if (!model->mm || chance_percent(model->drop))
        return NOTHING_US;
    if (mm < NEAREST_MM)
        mm = NEAREST_MM;
    return (uint32_t)mm * 10000U / 1715U;
}
