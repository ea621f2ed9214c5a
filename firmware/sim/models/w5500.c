#include "w5500_model.h"

#include <string.h>

enum { MR = 0x00, VERSIONR = 0x39 };
enum {
    SN_MR = 0x00, SN_CR = 0x01, SN_SR = 0x03, SN_DIPR = 0x0C, SN_DPORT = 0x10, SN_TX_FSR = 0x20,
    SN_TX_RD = 0x22, SN_TX_WR = 0x24, SN_RX_RSR = 0x26, SN_RX_RD = 0x28, SN_RX_WR = 0x2A,
};
enum { OPEN = 0x01, CONNECT = 0x04, DISCON = 0x08, CLOSE = 0x10, SEND = 0x20, RECV = 0x40 };
enum { CLOSED = 0x00, INIT = 0x13, SYN_SENT = 0x15, UP = 0x17, CLOSE_WAIT = 0x1C };
enum { TCP = 0x01, RESET = 0x80, WRITE = 0x04 };

#define MASK (W5500_MODEL_BUFFER - 1)

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void reset(struct w5500_model *model)
{
    memset(model->common, 0, sizeof model->common);
    memset(model->socket, 0, sizeof model->socket);
    model->common[VERSIONR] = 4;
    model->tx_read = model->tx_end = model->rx_read = model->rx_write = 0;
    model->net->hang_up();
}

void w5500_model_start(struct w5500_model *model, const struct w5500_net *net)
{
    memset(model, 0, sizeof *model);
    model->net = net;
    reset(model);
}

void w5500_model_select(struct w5500_model *model) { model->header_count = 0; }

// ---- commands ------------------------------------------------------------------------

static void close_socket(struct w5500_model *model)
{
    model->socket[SN_SR] = CLOSED;
    model->net->hang_up();
}

static void open_socket(struct w5500_model *model)
{
    if (model->socket[SN_MR] != TCP)
        return;
    model->net->hang_up();
    model->tx_read = model->tx_end = model->rx_read = model->rx_write = 0;
    put16(&model->socket[SN_TX_WR], 0);
    put16(&model->socket[SN_RX_RD], 0);
    model->socket[SN_SR] = INIT;
}

static void obey(struct w5500_model *model, uint8_t command)
{
    uint8_t *socket = model->socket;

    if (command == OPEN) {
        open_socket(model);
    } else if (command == CONNECT && socket[SN_SR] == INIT) {
        socket[SN_SR] = SYN_SENT;
        model->net->dial(&socket[SN_DIPR], get16(&socket[SN_DPORT]));
    } else if (command == DISCON || command == CLOSE) {
        close_socket(model);
    } else if (command == SEND) {
        model->tx_end = get16(&socket[SN_TX_WR]);
    } else if (command == RECV) {
        model->rx_read = get16(&socket[SN_RX_RD]);
    }
}

// ---- the wire ------------------------------------------------------------------------

static void send_waiting(struct w5500_model *model)
{
    while (model->tx_read != model->tx_end) {
        uint16_t at = model->tx_read & MASK;
        size_t count = (uint16_t)(model->tx_end - model->tx_read);
        if (count > W5500_MODEL_BUFFER - (size_t)at)
            count = W5500_MODEL_BUFFER - at;
        size_t gone = model->net->send(model->tx + at, count);
        if (!gone)
            return;
        model->tx_read += (uint16_t)gone;
    }
}

static void take_coming(struct w5500_model *model)
{
    for (;;) {
        uint16_t used = model->rx_write - model->rx_read;
        uint16_t at = model->rx_write & MASK;
        size_t room = W5500_MODEL_BUFFER - used;
        if (room > W5500_MODEL_BUFFER - (size_t)at)
            room = W5500_MODEL_BUFFER - at;
        long count = room ? model->net->receive(model->rx + at, room) : 0;
        if (count < 0)
            model->socket[SN_SR] = CLOSE_WAIT;
        if (count <= 0)
            return;
        model->rx_write += (uint16_t)count;
    }
}

void w5500_model_step(struct w5500_model *model)
{
    uint8_t *state = &model->socket[SN_SR];

    if (model->no_link)
        return;
    if (*state == SYN_SENT) {
        int up = model->net->dialed();
        *state = up > 0 ? UP : up < 0 ? CLOSED : SYN_SENT;
    }
    if (*state != UP)
        return;
    send_waiting(model);
    take_coming(model);
}

// ---- SPI -----------------------------------------------------------------------------

static uint8_t read_socket(const struct w5500_model *model, uint16_t address)
{
    uint8_t counts[0x30];

    memcpy(counts, model->socket, sizeof counts);
    uint16_t waiting = model->tx_end - model->tx_read;
    put16(&counts[SN_TX_FSR], W5500_MODEL_BUFFER - waiting);
    put16(&counts[SN_TX_RD], model->tx_read);
    put16(&counts[SN_RX_RSR], model->rx_write - model->rx_read);
    put16(&counts[SN_RX_WR], model->rx_write);
    return address < sizeof counts ? counts[address] : 0;
}

static void write_common(struct w5500_model *model, uint16_t address, uint8_t byte)
{
    if (address == MR && byte & RESET)
        reset(model);
    else if (address < VERSIONR)
        model->common[address] = byte;
}

static void write_socket(struct w5500_model *model, uint16_t address, uint8_t byte)
{
    if (address == SN_CR)
        obey(model, byte); // done at once: the register reads 0 again
    else if (address < sizeof model->socket && address != SN_SR)
        model->socket[address] = byte;
}

static uint8_t exchange(struct w5500_model *model, uint8_t byte)
{
    uint16_t address = model->address++;
    bool write = model->header[2] & WRITE;

    switch (model->header[2] >> 3) {
    case 0:
        if (write)
            write_common(model, address, byte);
        return address < sizeof model->common ? model->common[address] : 0;
    case 1:
        if (write)
            write_socket(model, address, byte);
        return read_socket(model, address);
    case 2:
        if (write)
            model->tx[address & MASK] = byte;
        return model->tx[address & MASK];
    default: return model->rx[address & MASK];
    }
}

uint8_t w5500_model_byte(struct w5500_model *model, uint8_t byte)
{
    if (model->gone)
        return 0xFF;
    if (model->header_count == sizeof model->header)
        return exchange(model, byte);
    model->header[model->header_count++] = byte;
    if (model->header_count == sizeof model->header)
        model->address = get16(model->header);
    return (uint8_t)model->header_count; // 1, 2, 3, as the chip answers a header
}
