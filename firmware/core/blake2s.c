#include "blake2s.h"

#include <stdbool.h>
#include <string.h>

#include "hal.h"

#define ROUNDS 10

static const uint32_t IV[8] HAL_FLASH = {
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
};
static const uint8_t SIGMA[ROUNDS][16] HAL_FLASH = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};
// Which words a quarter round mixes: four columns, then four diagonals.
static const uint8_t MIXED[8][4] HAL_FLASH = {
    {0, 4, 8, 12}, {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
    {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14},
};

static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint32_t turn(uint32_t word, uint8_t bits) { return word >> bits | word << (32 - bits); }

static void mix(uint32_t *v, const uint8_t *at, uint32_t x, uint32_t y)
{
    uint32_t *a = &v[hal_flash_u8(at)], *b = &v[hal_flash_u8(at + 1)];
    uint32_t *c = &v[hal_flash_u8(at + 2)], *d = &v[hal_flash_u8(at + 3)];

    *a += *b + x;
    *d = turn(*d ^ *a, 16);
    *c += *d;
    *b = turn(*b ^ *c, 12);
    *a += *b + y;
    *d = turn(*d ^ *a, 8);
    *c += *d;
    *b = turn(*b ^ *c, 7);
}

static void compress(struct blake2s *hash, bool last)
{
    uint32_t v[16];

    for (uint8_t i = 0; i < 8; i++) {
        v[i] = hash->chain[i];
        v[i + 8] = hal_flash_u32(&IV[i]);
    }
    v[12] ^= hash->count;
    if (last)
        v[14] = ~v[14];
    for (uint8_t round = 0; round < ROUNDS; round++) {
        const uint8_t *order = SIGMA[round];
        for (uint8_t i = 0; i < 8; i++, order += 2)
            mix(v, MIXED[i], word_at(hash->block + 4 * hal_flash_u8(order)),
                word_at(hash->block + 4 * hal_flash_u8(order + 1)));
    }
    for (uint8_t i = 0; i < 8; i++)
        hash->chain[i] ^= v[i] ^ v[i + 8];
}

void blake2s_begin(struct blake2s *hash, uint8_t size, const uint8_t *key, uint8_t key_size)
{
    memset(hash, 0, sizeof *hash);
    for (uint8_t i = 0; i < 8; i++)
        hash->chain[i] = hal_flash_u32(&IV[i]);
    hash->chain[0] ^= 0x01010000UL ^ (uint32_t)key_size << 8 ^ size;
    if (key_size) {
        memcpy(hash->block, key, key_size);
        hash->fill = BLAKE2S_BLOCK; // the key stands in a block of its own
    }
}

void blake2s_add(struct blake2s *hash, const void *bytes, uint8_t count)
{
    const uint8_t *from = bytes;

    while (count--) {
        if (hash->fill == BLAKE2S_BLOCK) { // only now it is known not to be the last
            hash->count += BLAKE2S_BLOCK;
            compress(hash, false);
            hash->fill = 0;
        }
        hash->block[hash->fill++] = *from++;
    }
}

void blake2s_end(struct blake2s *hash, uint8_t *out, uint8_t size)
{
    hash->count += hash->fill;
    memset(hash->block + hash->fill, 0, BLAKE2S_BLOCK - hash->fill);
    compress(hash, true);
    for (uint8_t i = 0; i < size; i++)
        out[i] = (uint8_t)(hash->chain[i >> 2] >> (8 * (i & 3)));
}
