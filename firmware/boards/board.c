// Start and step of every board: its identity, its parts in turn, its line.
#include "board.h"

#include "deliver.h"
#include "frame.h"
#include "hal.h"
#include "part.h"
#include "pending.h"
#include "sense.h"
#include "settings.h"

void board_start(void)
{
    char id[ID_MAX + 1];
    uint32_t ms = hal_ms();

    settings_id(id);
    frame_identity(id, settings_count_start());
    pending_start(frame_boot());
    sense_clear();
    for (uint8_t i = 0; i < sketch.count; i++)
        sketch.parts[i]->start(ms);
    deliver_start(ms);
}

void board_step(void)
{
    uint32_t ms = hal_ms();
    uint8_t byte;

    while (hal_uart_get(&byte))
        deliver_receive(ms, byte);
    for (uint8_t i = 0; i < sketch.count; i++)
        sketch.parts[i]->step(ms);
    deliver_step(ms);
}
