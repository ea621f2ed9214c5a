// W5500 at its SPI pins: the common registers, and socket 0 with its buffers of 2 KB.  Who is at
// the other end of the wire, the host says by `net`.
// Source: WIZnet W5500 datasheet 1.0.9, chapters 2 and 4.
#ifndef W5500_MODEL_H
#define W5500_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define W5500_MODEL_BUFFER 2048

// The wire.  Nothing here waits.
struct w5500_net {
    void (*dial)(const uint8_t address[4], uint16_t port);
    int (*dialed)(void); // 1 = up, 0 = not yet, -1 = refused or given up
    size_t (*send)(const uint8_t *bytes, size_t count);
    long (*receive)(uint8_t *bytes, size_t room); // 0 = nothing, -1 = the other side closed
    void (*hang_up)(void);
};

struct w5500_model {
    const struct w5500_net *net;
    bool gone;    // unplugged: every byte reads 0xFF
    bool no_link; // the cable is out: nothing comes, nothing leaves
    uint8_t common[0x40];
    uint8_t socket[0x30];
    uint8_t tx[W5500_MODEL_BUFFER], rx[W5500_MODEL_BUFFER];
    uint16_t tx_read, tx_end;    // bytes of tx that are to leave: SEND moves the end
    uint16_t rx_read, rx_write;  // bytes of rx that came: RECV moves the beginning
    uint8_t header[3]; // of the transfer under way
    uint8_t header_count;
    uint16_t address;
};

void w5500_model_start(struct w5500_model *model, const struct w5500_net *net);
// The select pin went low: a new transfer begins.
void w5500_model_select(struct w5500_model *model);
// One SPI byte each way.
uint8_t w5500_model_byte(struct w5500_model *model, uint8_t byte);
// Let the wire move: what waits leaves, what came is taken.  Call every simulated millisecond.
void w5500_model_step(struct w5500_model *model);

#endif
