#include "guard.h"

#include <string.h>

#include "blake2s.h"
#include "frame.h"
#include "hal.h"

#define TAIL 10                      // "*", CRC, LF
#define MAC_TEXT (1 + 2 * GUARD_MAC) // "#" and its digits
#define MIN_LINE (2 + MAC_TEXT + TAIL) // a body has at least its letter

static const char HEX[] = "0123456789ABCDEF";

static uint8_t secret[GUARD_KEY];
static uint8_t nonce[GUARD_NONCE];
static bool talking;

void guard_key(const uint8_t key[GUARD_KEY])
{
    memcpy(secret, key, GUARD_KEY);
    talking = false;
}

void guard_begin(void) { talking = false; }

bool guard_talking(void) { return talking; }

static void write_hex(char *text, uint8_t byte)
{
    text[0] = HEX[byte >> 4];
    text[1] = HEX[byte & 15];
}

// -1 when it is no upper-case digit.
static int8_t digit(char c)
{
    if (c >= '0' && c <= '9')
        return (int8_t)(c - '0');
    return c >= 'A' && c <= 'F' ? (int8_t)(c - 'A' + 10) : -1;
}

bool guard_hex(const char *text, uint8_t *bytes, uint8_t count)
{
    for (; count; count--, text += 2) {
        int8_t high = digit(text[0]), low = digit(text[1]);
        if (high < 0 || low < 0)
            return false;
        *bytes++ = (uint8_t)(high << 4 | low);
    }
    return true;
}

static HAL_APART void make_mac(char direction, const uint8_t *number, const char *body, uint8_t count,
                     uint8_t mac[GUARD_MAC])
{
    struct blake2s hash;

    blake2s_begin(&hash, GUARD_MAC, secret, GUARD_KEY);
    blake2s_add(&hash, &direction, 1);
    blake2s_add(&hash, number, GUARD_NONCE);
    blake2s_add(&hash, body, count);
    blake2s_end(&hash, mac, GUARD_MAC);
}

// Writes "*", the CRC of all after the "$", and LF; returns the length of the line.
static uint8_t end_line(char *line, uint8_t count)
{
    uint32_t crc = frame_crc(line + 1, count - 1);

    line[count++] = '*';
    for (uint8_t i = 0; i < 4; i++, count += 2)
        write_hex(line + count, (uint8_t)(crc >> (24 - 8 * i)));
    line[count++] = '\n';
    return count;
}

uint8_t guard_seal(char *line, uint8_t count)
{
    uint8_t mac[GUARD_MAC];

    if (count <= TAIL + 1 || count + MAC_TEXT > FRAME_MAX)
        return 0;
    count -= TAIL;
    make_mac('>', nonce, line + 1, count - 1, mac);
    line[count++] = '#';
    for (uint8_t i = 0; i < GUARD_MAC; i++, count += 2)
        write_hex(line + count, mac[i]);
    return end_line(line, count);
}

static bool intact(const char *line, uint8_t count)
{
    uint8_t crc[4];
    uint32_t right = frame_crc(line + 1, count - TAIL - 1);

    if (line[0] != '$' || line[count - TAIL] != '*' || line[count - 1] != '\n')
        return false;
    if (!guard_hex(line + count - TAIL + 1, crc, sizeof crc))
        return false;
    for (uint8_t i = 0; i < 4; i++)
        if (crc[i] != (uint8_t)(right >> (24 - 8 * i)))
            return false;
    return true;
}

// Compared in constant time: how long it takes must not tell how much was right.
static bool right_mac(const char *line, uint8_t body, const uint8_t *number)
{
    uint8_t told[GUARD_MAC], mac[GUARD_MAC], differs = 0;

    if (line[1 + body] != '#' || !guard_hex(line + 2 + body, told, GUARD_MAC))
        return false;
    make_mac('<', number, line + 1, body, mac);
    for (uint8_t i = 0; i < GUARD_MAC; i++)
        differs |= mac[i] ^ told[i];
    return !differs;
}

uint8_t guard_open(char *line, uint8_t count)
{
    uint8_t number[GUARD_NONCE];

    if (count > FRAME_MAX || count < MIN_LINE || !intact(line, count))
        return 0;
    uint8_t body = count - TAIL - MAC_TEXT - 1;
    bool query = line[1] == 'Q';
    memcpy(number, nonce, GUARD_NONCE);
    // A Q brings its nonce as its last field.  Another one in mid-connection is an old Q.
    if (query && (body <= 2 * GUARD_NONCE ||
                  !guard_hex(line + 1 + body - 2 * GUARD_NONCE, number, GUARD_NONCE)))
        return 0;
    if (talking ? memcmp(number, nonce, GUARD_NONCE) != 0 : !query)
        return 0;
    if (!(query || line[1] == 'A') || !right_mac(line, body, number))
        return 0;
    memcpy(nonce, number, GUARD_NONCE);
    talking = true;
    return end_line(line, 1 + body);
}
