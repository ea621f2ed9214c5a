// HX711 at its two wires.  Source: Avia HX711 datasheet.
#ifndef HX711_MODEL_H
#define HX711_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct hx711_model {
    int32_t raw;   // what the load cell gives, in counts
    int32_t noise; // counts either way
    uint16_t sps;  // conversions a second: 10 or 80
    bool gone;     // unplugged: the data line is pulled up
    bool ready;
    bool clock;
    uint8_t bits; // of the sample already clocked out
    uint32_t sample;
    uint64_t edge_us;
    uint8_t deaf_pulses;  // pulses the chip will not notice: a bad contact
    uint32_t slow_pulses; // clock high over 60 us: the chip went to sleep
};

void hx711_model_start(struct hx711_model *model);
// A conversion ended.  Returns the level of the data line.
bool hx711_model_convert(struct hx711_model *model, uint64_t now_us);
// The clock line changed.  Returns the level of the data line.
bool hx711_model_clock(struct hx711_model *model, bool high, uint64_t now_us);

#endif
