// DHT11 or DHT22 at its one wire.  Source: Aosong DHT11 and AM2302 sheets.
#ifndef DHT_MODEL_H
#define DHT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define DHT_MODEL_PHASES 84 // high, low, high, 40 x (low, high), low

struct dht_model {
    int16_t decicelsius; // tenths of a degree
    int16_t permille;    // tenths of a percent
    bool is_dht11;
    bool gone;        // unplugged: the pull-up holds the line
    uint8_t garble;   // percent of answers with one bit turned
    uint8_t cut;      // percent of answers that stop half-way
    bool low;
    uint64_t low_us;
};

void dht_model_start(struct dht_model *model);
// The host holds the line low, or lets go of it.  True when that asks for an answer.
bool dht_model_hold(struct dht_model *model, bool low, uint64_t now_us);
// The lengths of the answer's phases in us, the first one high.  Returns how many.
uint8_t dht_model_answer(struct dht_model *model, uint8_t phases_us[DHT_MODEL_PHASES]);

#endif
