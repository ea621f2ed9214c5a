// One tag reader.
#include "parts.h"

const struct sketch sketch = {"reader", 1, PARTS(&part_tags)};
