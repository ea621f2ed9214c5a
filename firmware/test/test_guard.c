// BLAKE2s against RFC 7693, and the guard against the worked lines and everything else.
#include <string.h>

#include "blake2s.h"
#include "check.h"
#include "frame.h"
#include "guard.h"
#include "net_hal.h"

static const uint8_t NONCE[8] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
static const uint8_t OTHER[8] = {9, 9, 9, 9, 9, 9, 9, 9};

// ---- BLAKE2s -------------------------------------------------------------------------

static void hash_of(uint8_t *out, uint8_t size, const uint8_t *key, uint8_t key_size,
                    const uint8_t *bytes, size_t count)
{
    struct blake2s hash;

    blake2s_begin(&hash, size, key, key_size);
    for (; count > 255; count -= 255, bytes += 255)
        blake2s_add(&hash, bytes, 255);
    blake2s_add(&hash, bytes, (uint8_t)count);
    blake2s_end(&hash, out, size);
}

static void abc_has_the_hash_of_rfc_7693_appendix_b(void)
{
    static const uint8_t TOLD[32] = {
        0x50, 0x8C, 0x5E, 0x8C, 0x32, 0x7C, 0x14, 0xE2, 0xE1, 0xA7, 0x2B, 0xA3, 0x4E, 0xEB, 0x45, 0x2F,
        0x37, 0x45, 0x8B, 0x20, 0x9E, 0xD6, 0x3A, 0x29, 0x4D, 0x99, 0x9B, 0x4C, 0x86, 0x67, 0x59, 0x82,
    };
    uint8_t out[32];

    hash_of(out, 32, NULL, 0, (const uint8_t *)"abc", 3);
    CHECK(memcmp(out, TOLD, 32) == 0);
}

// A sequence that starts from a seed, as the appendix has it.
static void fill(uint8_t *out, size_t count, uint32_t seed)
{
    uint32_t a = 0xDEAD4BAD * seed, b = 1;

    for (size_t i = 0; i < count; i++) {
        uint32_t t = a + b;
        a = b;
        b = t;
        out[i] = (uint8_t)(t >> 24);
    }
}

static void self_test_of_rfc_7693_appendix_e_holds(void)
{
    static const uint8_t TOLD[32] = {
        0x6A, 0x41, 0x1F, 0x08, 0xCE, 0x25, 0xAD, 0xCD, 0xFB, 0x02, 0xAB, 0xA6, 0x41, 0x45, 0x1C, 0xEC,
        0x53, 0xC5, 0x98, 0xB2, 0x4F, 0x4F, 0xC7, 0x87, 0xFB, 0xDC, 0x88, 0x79, 0x7F, 0x4C, 0x1D, 0xFE,
    };
    static const uint8_t SIZES[4] = {16, 20, 28, 32};
    static const size_t LENGTHS[6] = {0, 3, 64, 65, 255, 1024};
    uint8_t in[1024], out[32], key[32];
    struct blake2s all;

    blake2s_begin(&all, 32, NULL, 0);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 6; j++) {
            fill(in, LENGTHS[j], (uint32_t)LENGTHS[j]);
            hash_of(out, SIZES[i], NULL, 0, in, LENGTHS[j]);
            blake2s_add(&all, out, SIZES[i]);
            fill(key, SIZES[i], SIZES[i]);
            hash_of(out, SIZES[i], key, SIZES[i], in, LENGTHS[j]);
            blake2s_add(&all, out, SIZES[i]);
        }
    }
    blake2s_end(&all, out, 32);
    CHECK(memcmp(out, TOLD, 32) == 0);
}

// ---- the guard -----------------------------------------------------------------------

#define QUERY "$Q,cab01,0,0011223344556677#92BFBBDD23779B3B*E2701C11\n"
#define ACK "$A,cab01,17,44#037CACB8AAFC7A21*6D17B81B\n"

static uint8_t opened(const char *told, char line[FRAME_MAX + 1])
{
    uint8_t count = (uint8_t)strlen(told);

    memcpy(line, told, count);
    count = guard_open(line, count);
    line[count] = '\0';
    return count;
}

static void worked_lines_are_opened_and_sealed(void)
{
    char line[FRAME_MAX + 1];

    guard_key(NET_KEY);
    CHECK(!guard_talking());
    CHECK(opened(QUERY, line) && strcmp(line, "$Q,cab01,0,0011223344556677*0C6E1AA7\n") == 0);
    CHECK(guard_talking());
    CHECK(opened(ACK, line) && strcmp(line, "$A,cab01,17,44*56117FBE\n") == 0);
    strcpy(line, "$E,cab01,17,42,123456,L1,open,859*055872AD\n");
    line[guard_seal(line, (uint8_t)strlen(line))] = '\0';
    CHECK(strcmp(line, "$E,cab01,17,42,123456,L1,open,859#8E47E8A5B582BE8B*59A8CCC0\n") == 0);
}

static void nothing_counts_before_a_right_query(void)
{
    char line[FRAME_MAX + 1];

    guard_key(NET_KEY);
    CHECK(!opened(ACK, line));
    CHECK(!opened("$Q,cab01,0,0011223344556677*0C6E1AA7\n", line)); // no MAC
    CHECK(opened(QUERY, line));
    guard_begin(); // another connection
    CHECK(!opened(ACK, line));
}

static void line_with_any_bit_changed_is_refused(void)
{
    char line[FRAME_MAX + 1], broken[FRAME_MAX + 1];
    size_t length = strlen(ACK);

    guard_key(NET_KEY);
    CHECK(opened(QUERY, line));
    for (size_t bit = 0; bit < 8 * length; bit++) {
        strcpy(broken, ACK);
        broken[bit / 8] ^= (char)(1 << bit % 8);
        if (!broken[bit / 8])
            continue;
        // The CRC is what an attacker would mend.
        char *star = strrchr(broken, '*');
        if (star && broken + length - star == 10)
            snprintf(star + 1, 10, "%08X\n", (unsigned)frame_crc(broken + 1, star - broken - 1));
        CHECK(!opened(broken, line) || strcmp(broken, ACK) == 0);
    }
    CHECK(opened(ACK, line));
}

static void no_other_order_passes_and_no_short_line_is_read_past(void)
{
    char line[FRAME_MAX + 1];
    static const char *const BODIES[] = {"C,cab01,17,L1,on,1", "I,cab01,0,x", "K,cab01,0,00"};

    net_start();
    guard_key(NET_KEY);
    CHECK(opened(QUERY, line));
    for (int i = 0; i < 3; i++) {
        net.says_count = 0;
        net_say(BODIES[i], NET_KEY, NONCE);
        CHECK(!opened(net.says, line));
    }
    for (size_t count = 0; count <= strlen(QUERY); count++) {
        char *whole = malloc(count ? count : 1); // the sanitizer sees one byte too far
        memcpy(whole, QUERY, count);
        CHECK(!guard_open(whole, (uint8_t)count) || count == strlen(QUERY));
        free(whole);
    }
}

static void old_query_in_mid_connection_is_refused(void)
{
    char line[FRAME_MAX + 1];

    net_start();
    guard_key(NET_KEY);
    CHECK(opened(QUERY, line));
    net_say("Q,cab01,0,0909090909090909", NET_KEY, OTHER); // right, of an earlier connection
    CHECK(!opened(net.says, line));
    CHECK(opened(ACK, line) && opened(QUERY, line));
}

static void line_that_has_no_room_for_a_mac_is_not_sent(void)
{
    char line[FRAME_MAX];

    memset(line, 'x', sizeof line);
    CHECK(guard_seal(line, 83) == 100);
    CHECK(guard_seal(line, 84) == 0 && guard_seal(line, 5) == 0);
}

void test_guard(void)
{
    abc_has_the_hash_of_rfc_7693_appendix_b();
    self_test_of_rfc_7693_appendix_e_holds();
    worked_lines_are_opened_and_sealed();
    nothing_counts_before_a_right_query();
    line_with_any_bit_changed_is_refused();
    no_other_order_passes_and_no_short_line_is_read_past();
    old_query_in_mid_connection_is_refused();
    line_that_has_no_room_for_a_mac_is_not_sent();
}
