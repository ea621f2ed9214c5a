#include "chance.h"

static uint32_t state = 1;

void chance_seed(uint32_t seed) { state = seed ? seed : 1; }

uint32_t chance_next(void)
{
    state ^= state << 13; // xorshift32, Marsaglia 2003
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

int32_t chance_noise(int32_t spread)
{
    if (spread <= 0)
        return 0;
    return (int32_t)(chance_next() % (2U * (uint32_t)spread + 1U)) - spread;
}

bool chance_percent(uint8_t percent) { return percent && chance_next() % 100 < percent; }
