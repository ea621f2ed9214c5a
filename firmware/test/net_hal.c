#include "net_hal.h"

#include <stdio.h>
#include <string.h>

#include "blake2s.h"
#include "deliver.h"
#include "enrol.h"
#include "ether.h"
#include "frame.h"
#include "hal.h"
#include "pending.h"
#include "sense.h"
#include "settings.h"

struct net net;
const uint8_t NET_KEY[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static bool chip_selected;

// ---- the wire ------------------------------------------------------------------------

static void wire_dial(const uint8_t address[4], uint16_t port)
{
    memcpy(net.address, address, sizeof net.address);
    net.port = port;
    net.dials++;
    net.heard_count = net.says_at = net.says_count = 0;
}

static int wire_dialed(void)
{
    if (net.refuses || net.away)
        return net.refuses ? -1 : 0;
    net.up = true;
    return 1;
}

static size_t wire_send(const uint8_t *bytes, size_t count)
{
    if (net.heard_count + count >= NET_ROOM)
        return 0;
    memcpy(net.heard + net.heard_count, bytes, count);
    net.heard_count += count;
    return count;
}

static long wire_receive(uint8_t *bytes, size_t room)
{
    size_t count = net.says_count - net.says_at;

    if (net.closes)
        return -1;
    if (count > room)
        count = room;
    memcpy(bytes, net.says + net.says_at, count);
    net.says_at += count;
    return (long)count;
}

static void wire_hang_up(void) { net.up = false; }

static const struct w5500_net WIRE = {wire_dial, wire_dialed, wire_send, wire_receive,
                                      wire_hang_up};

// ---- the tests' hands ----------------------------------------------------------------

void net_start(void)
{
    memset(&net, 0, sizeof net);
    memset(net.eeprom, 0xFF, sizeof net.eeprom);
    net.writes_left = -1;
    net.usb = "";
    net.ms = 1000;
    w5500_model_start(&net.chip, &WIRE);
}

void net_run(uint32_t ms)
{
    for (uint32_t until = net.ms + ms; (int32_t)(until - net.ms) > 0; net.ms++) {
        w5500_model_step(&net.chip);
        ether_step(net.ms);
        deliver_step(net.ms);
    }
}

void net_say(const char *body, const uint8_t *key, const uint8_t *nonce)
{
    struct blake2s hash;
    uint8_t mac[8];
    char line[FRAME_MAX + 1];
    int count = snprintf(line, sizeof line, "$%s#", body);

    blake2s_begin(&hash, sizeof mac, key, 16);
    blake2s_add(&hash, "<", 1);
    blake2s_add(&hash, nonce, 8);
    blake2s_add(&hash, body, (uint8_t)strlen(body));
    blake2s_end(&hash, mac, sizeof mac);
    for (int i = 0; i < 8; i++)
        count += snprintf(line + count, sizeof line - count, "%02X", mac[i]);
    net.says_count += snprintf(net.says + net.says_count, NET_ROOM - net.says_count, "%s*%08X\n",
                               line, (unsigned)frame_crc(line + 1, count - 1));
}

void net_usb(const char *body)
{
    static char line[FRAME_MAX + 8];

    snprintf(line, sizeof line, "$%s*%08X\n", body, (unsigned)frame_crc(body, strlen(body)));
    net.usb = line;
    net_run(1);
}

void net_board_start(void)
{
    char id[ID_MAX + 1];

    settings_id(id);
    frame_identity(id, settings_count_start());
    pending_start(frame_boot());
    sense_clear();
    light_clear();
    deliver_start(net.ms);
    ether_restart();
}

void net_enrol(void)
{
    net_start();
    net_board_start();
    net_usb(NET_PLACE);
    net_usb(NET_KEY_LINE);
}

static int count_of(const char *text, char *in, size_t length)
{
    int count = 0;

    in[length] = '\0';
    for (const char *at = in; (at = strstr(at, text)); at++)
        count++;
    return count;
}

int net_count(const char *text) { return count_of(text, net.heard, net.heard_count); }

int net_usb_count(const char *text) { return count_of(text, net.usb_out, net.usb_count); }

// ---- hal.h ---------------------------------------------------------------------------

// Each look at the clock takes a little: a wait without other work ends too.
uint32_t hal_ms(void)
{
    static uint8_t looks;

    if (++looks % 16 == 0)
        net.ms++;
    return net.ms;
}

void hal_delay_us(uint8_t us) { (void)us; }

void hal_pin(enum hal_pin pin, bool high)
{
    if (pin != HAL_ETH_SELECT)
        return;
    chip_selected = !high;
    if (chip_selected)
        w5500_model_select(&net.chip);
}

uint8_t hal_spi(uint8_t byte) { return chip_selected ? w5500_model_byte(&net.chip, byte) : 0xFF; }

bool hal_uart_get(uint8_t *byte)
{
    (void)byte;
    return false;
}

uint8_t hal_uart_room(void) { return ether_room(); }

void hal_uart_put(const char *bytes, uint8_t count) { ether_put(bytes, count); }

bool serial_get(uint8_t *byte)
{
    if (!*net.usb)
        return false;
    *byte = (uint8_t)*net.usb++;
    return true;
}

void serial_put(const char *bytes, uint8_t count)
{
    memcpy(net.usb_out + net.usb_count, bytes, count);
    net.usb_count += count;
}

uint8_t hal_eeprom_read(uint16_t address) { return net.eeprom[address]; }

void hal_eeprom_write(uint16_t address, uint8_t byte)
{
    if (net.eeprom[address] == byte || !net.writes_left)
        return;
    if (net.writes_left > 0)
        net.writes_left--;
    net.eeprom[address] = byte;
}

bool hal_eeprom_ready(void) { return true; }

void hal_eeprom_begin(uint16_t address, uint8_t byte) { hal_eeprom_write(address, byte); }

uint16_t hal_free_ram(void) { return 500; }
