// One ultrasonic sensor: what moves around the package?
#include "parts.h"

const struct sketch sketch = {"distance", 1, PARTS(&part_distance)};
