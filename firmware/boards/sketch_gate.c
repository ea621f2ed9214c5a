// A gate of the fence: a reader on either side (C1, C2) and the distance of who passes.
#include "parts.h"

const struct sketch sketch = {"gate", 3, PARTS(&part_tags, &part_tags_2, &part_distance)};
