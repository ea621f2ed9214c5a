// HC-SR04 as its sheet and its clones behave: what the ECHO line does after a trigger.
#ifndef HCSR04_MODEL_H
#define HCSR04_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define HCSR04_MODEL_DELAY_US 450

struct hcsr04_model {
    int32_t mm;    // distance of the nearest thing; 0 = nothing in range
    int32_t noise; // mm either way
    uint8_t drop;  // percent of pings without an echo
    bool stuck;    // ECHO always high
    bool high;
    uint64_t high_us;
};

void hcsr04_model_start(struct hcsr04_model *model);
// The trigger line changed.  True when that made a ping: raise ECHO after
// HCSR04_MODEL_DELAY_US for hcsr04_model_echo_us.
bool hcsr04_model_trigger(struct hcsr04_model *model, bool high, uint64_t now_us);
uint32_t hcsr04_model_echo_us(struct hcsr04_model *model);

#endif
