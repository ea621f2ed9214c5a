// One light sensor: was the container opened?
#include "parts.h"

const struct sketch sketch = {"light", 1, PARTS(&part_light)};
