// What a board is to the hardware layer: a start and a step.
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>

void board_start(void);
// One pass of the loop; returns after at most 20 ms, a camera's after a whole picture.
void board_step(void);

#endif
