// One vibration switch: was the package moved?
#include "parts.h"

const struct sketch sketch = {"vibration", 1, PARTS(&part_shake)};
