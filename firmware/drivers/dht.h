// DHT11 and DHT22 (AM2302) temperature and humidity sensor on one wire.
// Source: Aosong AM2302 and DHT11 sheets: start by >= 18 ms low (DHT22: 1 ms), answer of
// 80 us low and 80 us high, 40 bits of 50 us low and 26 us (0) or 70 us (1) high, the last
// 8 of them the sum of the others; not oftener than every 2 s.
#ifndef DHT_H
#define DHT_H

#include <stdint.h>

#define DHT_CYCLE_MS 2000

enum dht_kind { DHT11, DHT22 };
enum dht_news {
    DHT_NOTHING, // call again
    DHT_READ,    // *reading is new
    DHT_AWAY,    // no answer, or one that stopped half-way
    DHT_GARBLED, // the sum is wrong, or a value that the sensor cannot have
};

struct dht_reading {
    int16_t decicelsius; // tenths of a degree Celsius; DHT11 gives whole degrees from 0 on
    int16_t permille;    // relative humidity in tenths of a percent; DHT11 whole percents
};

void dht_start(uint32_t ms);
// Call every pass of the loop.  Once in DHT_CYCLE_MS it listens for at most 6 ms.
enum dht_news dht_step(enum dht_kind kind, uint32_t ms, struct dht_reading *reading);

#endif
