// BLAKE2s, RFC 7693: a keyed hash of 1 to 32 bytes; 9 ms for a line on a 16 MHz AVR.
#ifndef BLAKE2S_H
#define BLAKE2S_H

#include <stdint.h>

#define BLAKE2S_BLOCK 64

struct blake2s {
    uint32_t chain[8];
    uint32_t count; // bytes compressed; the 4 GB this counts are never reached
    uint8_t block[BLAKE2S_BLOCK];
    uint8_t fill; // bytes of the block that wait
};

// size is 1..32, key_size 0..32; 0 = no key.
void blake2s_begin(struct blake2s *hash, uint8_t size, const uint8_t *key, uint8_t key_size);
void blake2s_add(struct blake2s *hash, const void *bytes, uint8_t count);
// Ends the hash; size as at its begin.
void blake2s_end(struct blake2s *hash, uint8_t *out, uint8_t size);

#endif
