// One code reader with a serial output: which product is this?
#include "parts.h"

const struct sketch sketch = {"code", 1, PARTS(&part_code)};
