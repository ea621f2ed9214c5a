// One camera on a board of its own: who took it?
#include "parts.h"

const struct sketch sketch = {"camera", 1, PARTS(&part_camera)};
