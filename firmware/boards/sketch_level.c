// One liquid-level probe in a package.
#include "parts.h"

const struct sketch sketch = {"level", 1, PARTS(&part_level)};
