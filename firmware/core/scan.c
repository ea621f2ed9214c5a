#include "sense.h"

#include <string.h>

#include "frame.h"

#define SILENCE_MS 50
#define AGAIN_MS 2000

static struct {
    char bytes[SCAN_MAX];
    uint8_t length;
    bool too_long;
    uint32_t byte_ms; // when the newest came
    uint32_t last_crc, last_ms; // of the scan last told
    bool told;
} scan;

void scan_clear(void) { memset(&scan, 0, sizeof scan); }

static void tell(uint32_t ms)
{
    for (uint8_t at = 0; at < scan.length; at += UID_MAX) {
        uint8_t rest = scan.length - at;
        struct uid piece = {.length = rest > UID_MAX ? UID_MAX : rest};
        memcpy(piece.bytes, scan.bytes + at, piece.length);
        ring_push_tag(ms, SENSE_CODE, rest > UID_MAX ? WORD_PART : WORD_SCAN, &piece);
    }
}

static void end(uint32_t ms)
{
    uint32_t crc = frame_crc(scan.bytes, scan.length);

    if (scan.too_long) {
        sense_fault(ms, SENSE_CODE, FAULT_GARBLED);
    } else if (scan.length) {
        bool again = scan.told && crc == scan.last_crc && ms - scan.last_ms < AGAIN_MS;
        sense_fault(ms, SENSE_CODE, FAULT_NONE);
        if (!again)
            tell(ms);
        scan.told = true;
        scan.last_crc = crc;
        scan.last_ms = ms;
    }
    scan.length = 0;
    scan.too_long = false;
}

void scan_sense(uint32_t ms, uint8_t byte)
{
    scan.byte_ms = ms;
    if (byte == '\r' || byte == '\n')
        end(ms);
    else if (scan.length == SCAN_MAX)
        scan.too_long = true;
    else
        scan.bytes[scan.length++] = (char)byte;
}

void scan_idle(uint32_t ms)
{
    if (scan.length && ms - scan.byte_ms >= SILENCE_MS)
        end(ms);
}
