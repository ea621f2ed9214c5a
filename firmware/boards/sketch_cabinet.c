// The cabinet board: light, vibration, distance, weight and tags.
#include "parts.h"

const struct sketch sketch = {
    "cabinet", 5, PARTS(&part_light, &part_shake, &part_distance, &part_weight, &part_tags),
};
