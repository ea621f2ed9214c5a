// WIZnet W5500: one TCP connection that we open, on its socket 0.  Every wait is bounded.
// Source: WIZnet W5500 datasheet 1.0.9, chapters 2 (SPI frame), 4 (registers).
#ifndef W5500_H
#define W5500_H

#include <stdbool.h>
#include <stdint.h>

enum w5500_state { W5500_CLOSED, W5500_DIALING, W5500_UP, W5500_ENDED, W5500_GONE };

struct w5500_place {
    uint8_t hardware[6];
    uint8_t own[4];
    uint8_t prefix; // bits of the network
};

// Reset the chip and give it its place; false when there is none.  Takes 2 ms.
bool w5500_start(const struct w5500_place *place);
// Begin to connect from a port of ours; w5500_state() tells what became of it.
void w5500_dial(uint16_t own_port, const uint8_t fog[4], uint16_t port);
// ENDED: the other side closed.  GONE: no chip answers.
enum w5500_state w5500_state(void);
// Close without waiting for anybody.
void w5500_close(void);
// How many bytes w5500_send takes now.
uint16_t w5500_room(void);
void w5500_send(const char *bytes, uint8_t count);
// Copy what waits, without taking it: at most `most` bytes; returns how many.
uint8_t w5500_peek(char *bytes, uint8_t most);
// Take so many of them.
void w5500_take(uint8_t count);

#endif
