#include "check.h"

#include <string.h>

#include "fake_hal.h"
#include "parts.h"
#include "ring.h"
#include "sense.h"

static uint32_t now_ms;

static void start(void)
{
    fake_start();
    sense_clear();
    now_ms = 10000;
    part_code.start(now_ms);
}

static void send(const char *text, uint32_t then_ms)
{
    fake.scan = text;
    part_code.step(now_ms);
    now_ms += then_ms;
    part_code.step(now_ms);
}

// The pieces told, put together; empties the ring.
static const char *told(void)
{
    static char text[200];

    for (text[0] = '\0'; ring_count(); ring_drop_oldest()) {
        const struct record *piece = ring_at(0);
        CHECK(piece->sensor == SENSE_CODE && piece->word >= WORD_PART);
        strncat(text, (const char *)piece->uid.bytes, piece->uid.length);
        strcat(text, piece->word == WORD_SCAN ? "|" : "");
    }
    return text;
}

static void scan_is_told_in_pieces_of_seven(void)
{
    start();
    send("]E09521234543213\r\n", 0);
    CHECK(ring_count() == 3 && ring_at(0)->word == WORD_PART && ring_at(0)->uid.length == 7);
    CHECK(ring_at(2)->word == WORD_SCAN && ring_at(2)->uid.length == 2);
    CHECK(strcmp(told(), "]E09521234543213|") == 0);
    send("]C10109521234543213\r]E4950110\r", 0); // 19 and 9 bytes
    CHECK(strcmp(told(), "]C10109521234543213|]E4950110|") == 0);
}

static void silence_ends_a_scan_without_suffix(void)
{
    start();
    send("]E0952123", 49);
    CHECK(ring_count() == 0);
    send("", 1);
    CHECK(strcmp(told(), "]E0952123|") == 0);
}

static void same_scan_within_two_seconds_counts_once(void)
{
    start();
    send("]E0952123\r", 1000);
    send("]E0952123\r", 1500);
    send("]E0952123\r", 2000); // held to the reader all the time
    CHECK(strcmp(told(), "]E0952123|") == 0);
    send("]E0952123\r", 0);
    CHECK(strcmp(told(), "]E0952123|") == 0);
    send("]E0952124\r", 0);
    CHECK(strcmp(told(), "]E0952124|") == 0);
}

static void longest_scan_passes_and_a_longer_one_is_a_fault(void)
{
    char text[SCAN_MAX + 3];

    start();
    memset(text, 'x', sizeof text);
    strcpy(text + SCAN_MAX, "\r");
    send(text, 0);
    CHECK(strlen(told()) == SCAN_MAX + 1); // and the mark of its end
    memset(text, 'y', sizeof text);
    strcpy(text + SCAN_MAX + 1, "\r");
    send(text, 0);
    CHECK(ring_count() == 1 && ring_at(0)->word == WORD_FAULT);
    CHECK(ring_at(0)->value == FAULT_GARBLED);
    ring_drop_oldest();
    send("]E0952123\r", 0);
    CHECK(ring_at(0)->word == WORD_FAULT && ring_at(0)->value == FAULT_NONE);
}

void test_scan(void)
{
    scan_is_told_in_pieces_of_seven();
    silence_ends_a_scan_without_suffix();
    same_scan_within_two_seconds_counts_once();
    longest_scan_passes_and_a_longer_one_is_a_fault();
}
