// One load cell: did the amount change?
#include "parts.h"

const struct sketch sketch = {"scale", 1, PARTS(&part_weight)};
