#include "w5500.h"

#include <string.h>

#include "hal.h"

// Registers, by the datasheet's names; the block of each is in its transfers.
enum { MR = 0x00, SUBR = 0x05, SHAR = 0x09, SIPR = 0x0F, RTR = 0x19, RCR = 0x1B, VERSIONR = 0x39 };
enum {
    SN_MR = 0x00, SN_CR = 0x01, SN_SR = 0x03, SN_PORT = 0x04, SN_DIPR = 0x0C, SN_DPORT = 0x10,
    SN_TX_FSR = 0x20, SN_TX_WR = 0x24, SN_RX_RSR = 0x26, SN_RX_RD = 0x28,
};
enum { COMMON = 0x00, SOCKET = 0x08, TX = 0x10, RX = 0x18, WRITE = 0x04 };
enum { OPEN = 0x01, CONNECT = 0x04, CLOSE = 0x10, SEND = 0x20, RECV = 0x40 };
enum { S_CLOSED = 0x00, S_INIT = 0x13, S_UP = 0x17, S_CLOSE_WAIT = 0x1C };

#define VERSION_4 0x04
#define TCP 0x01
#define RESET 0x80
#define TRIES 10 // of a wait that the chip ends within microseconds
#define RETRY 2000 // x 100 us: with RCR the chip gives a connection up after 3 s
#define RETRIES 3

// ---- transfers -----------------------------------------------------------------------

static void begin(uint8_t control, uint16_t address)
{
    hal_pin(HAL_ETH_SELECT, false);
    hal_spi((uint8_t)(address >> 8));
    hal_spi((uint8_t)address);
    hal_spi(control);
}

static void end(void) { hal_pin(HAL_ETH_SELECT, true); }

static void write(uint8_t block, uint16_t address, const void *bytes, uint8_t count)
{
    const uint8_t *from = bytes;

    begin(block | WRITE, address);
    while (count--)
        hal_spi(*from++);
    end();
}

static void read(uint8_t block, uint16_t address, void *bytes, uint8_t count)
{
    uint8_t *to = bytes;

    begin(block, address);
    while (count--)
        *to++ = hal_spi(0);
    end();
}

static void put8(uint8_t block, uint16_t address, uint8_t value)
{
    write(block, address, &value, 1);
}

static uint8_t get8(uint8_t block, uint16_t address)
{
    uint8_t value;

    read(block, address, &value, 1);
    return value;
}

static void put16(uint8_t block, uint16_t address, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    write(block, address, bytes, sizeof bytes);
}

static uint16_t get16(uint16_t address)
{
    uint8_t bytes[2];

    read(SOCKET, address, bytes, sizeof bytes);
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

// The chip changes these two bytes while we read them: twice the same is the number.
static uint16_t get_steady(uint16_t address)
{
    uint16_t before = get16(address);

    for (uint8_t i = 0; i < TRIES; i++) {
        uint16_t now = get16(address);
        if (now == before)
            return now;
        before = now;
    }
    return 0;
}

static bool command(uint8_t what)
{
    put8(SOCKET, SN_CR, what);
    for (uint8_t i = 0; i < TRIES; i++)
        if (!get8(SOCKET, SN_CR))
            return true;
    return false;
}

// ---- the connection ------------------------------------------------------------------

static bool present(void) { return get8(COMMON, VERSIONR) == VERSION_4; }

static void write_mask(uint8_t prefix)
{
    uint8_t mask[4];

    for (uint8_t i = 0; i < sizeof mask; i++) {
        uint8_t bits = prefix > 8 ? 8 : prefix;
        mask[i] = (uint8_t)(0xFF00 >> bits);
        prefix -= bits;
    }
    write(COMMON, SUBR, mask, sizeof mask);
}

bool w5500_start(const struct w5500_place *place)
{
    put8(COMMON, MR, RESET);
    for (uint8_t i = 0; i < TRIES; i++)
        hal_delay_us(200);
    if (!present())
        return false;
    write(COMMON, SHAR, place->hardware, sizeof place->hardware);
    write_mask(place->prefix);
    write(COMMON, SIPR, place->own, sizeof place->own);
    put16(COMMON, RTR, RETRY);
    put8(COMMON, RCR, RETRIES);
    return true;
}

void w5500_dial(uint16_t own_port, const uint8_t fog[4], uint16_t port)
{
    put8(SOCKET, SN_MR, TCP);
    put16(SOCKET, SN_PORT, own_port);
    if (!command(OPEN) || get8(SOCKET, SN_SR) != S_INIT)
        return;
    write(SOCKET, SN_DIPR, fog, 4);
    put16(SOCKET, SN_DPORT, port);
    command(CONNECT);
}

enum w5500_state w5500_state(void)
{
    if (!present())
        return W5500_GONE;
    switch (get8(SOCKET, SN_SR)) {
    case S_CLOSED: return W5500_CLOSED;
    case S_UP: return W5500_UP;
    case S_CLOSE_WAIT: return W5500_ENDED;
    default: return W5500_DIALING;
    }
}

void w5500_close(void) { command(CLOSE); }

uint16_t w5500_room(void) { return get_steady(SN_TX_FSR); }

void w5500_send(const char *bytes, uint8_t count)
{
    uint16_t at = get16(SN_TX_WR); // runs on past the buffer; the chip folds it

    write(TX, at, bytes, count);
    put16(SOCKET, SN_TX_WR, at + count);
    command(SEND);
}

uint8_t w5500_peek(char *bytes, uint8_t most)
{
    uint16_t waiting = get_steady(SN_RX_RSR);
    uint8_t count = waiting < most ? (uint8_t)waiting : most;

    if (count)
        read(RX, get16(SN_RX_RD), bytes, count);
    return count;
}

void w5500_take(uint8_t count)
{
    put16(SOCKET, SN_RX_RD, get16(SN_RX_RD) + count);
    command(RECV);
}
