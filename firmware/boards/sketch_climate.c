// Temperature and humidity of a store: DHT22, or DHT11 when built so.
#include "parts.h"

const struct sketch sketch = {"climate", 2, PARTS(&part_temperature, &part_humidity)};
