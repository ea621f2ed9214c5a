#include "check.h"
#include "frame.h"
#include "sense.h"

#include <string.h>

static char lines[32][FRAME_MAX + 2];
static int line_count;

// The golden frames, each with its LF.
static void load_vectors(void)
{
    char row[300];
    FILE *file = fopen(vectors_path, "r");

    CHECK(file);
    while (fgets(row, sizeof row, file)) {
        *strchr(row, ' ') = '\0';
        CHECK(line_count < 32 && strlen(row) < FRAME_MAX);
        strcpy(lines[line_count], row);
        strcat(lines[line_count++], "\n");
    }
    fclose(file);
    CHECK(line_count >= 14);
}

static bool golden(const struct frame *frame)
{
    for (int i = 0; i < line_count; i++)
        if (strlen(lines[i]) == frame->length &&
            memcmp(lines[i], frame->text, frame->length) == 0)
            return true;
    fprintf(stderr, "not golden: %.*s", frame->length, frame->text);
    return false;
}

static bool receive(const char *text, struct order *order)
{
    static struct inbox inbox; // the order's texts point into it
    bool ready = false;

    memset(&inbox, 0, sizeof inbox);
    for (; *text; text++)
        ready = frame_receive(&inbox, *text, order);
    return ready;
}

static void crc_is_the_one_of_zlib(void)
{
    CHECK(frame_crc("123456789", 9) == 0xCBF43926);
    CHECK(frame_crc("", 0) == 0);
}

static void events_are_the_golden_frames(void)
{
    struct frame frame;
    struct record light = {123456, 17, 42, SENSE_LIGHT, WORD_OPEN, {859}, 0};
    struct record weight = {124300, 17, 44, SENSE_WEIGHT, WORD_TAKE, {-80028}, 0};
    struct record fault = {130000, 17, 45, SENSE_DISTANCE, WORD_FAULT, {-2}, 0};
    struct record in = {.ms = 123912, .boot = 17, .seq = 43, .sensor = SENSE_TAG, .word = WORD_IN,
                        .uid = {4, {0x04, 0xA1, 0xB2, 0xC3}}};
    struct record spilled = {98000, 16, 9, SENSE_LIGHT, WORD_CLOSE, {61}, 0};
    struct record cold = {140000, 17, 47, SENSE_TEMPERATURE, WORD_CHANGE, {-105}, 0};
    struct record low = {141000, 17, 48, SENSE_LEVEL, WORD_FALL, {480}, 0};
    const struct record *all[] = {&light, &weight, &fault, &in, &spilled, &cold, &low};

    frame_identity("cab01", 17);
    for (int i = 0; i < 7; i++) {
        frame_event(&frame, all[i]);
        CHECK(golden(&frame));
    }
}

static void built_lines_are_the_golden_frames(void)
{
    struct frame frame;

    frame_identity("cab01", 17);
    frame_begin(&frame, 'S', 0, 124500);
    frame_pair(&frame, "L1", 859);
    frame_pair(&frame, "D1", 415);
    frame_pair(&frame, "W1", 420013);
    frame_end(&frame);
    CHECK(golden(&frame));
    frame_begin(&frame, 'N', 0, 5200);
    frame_text(&frame, "C");
    frame_text(&frame, "boot");
    frame_end(&frame);
    CHECK(golden(&frame));
}

static void longest_frames_keep_the_body_limit(void)
{
    struct frame frame;
    struct record tag = {.ms = UINT32_MAX, .boot = 65535, .seq = 65535, .sensor = SENSE_TAG,
                         .word = WORD_FAULT,
                         .uid = {7, {255, 255, 255, 255, 255, 255, 255}}};

    frame_identity("abcdefgh", 65535);
    tag.word = WORD_OUT;
    frame_event(&frame, &tag);
    CHECK(frame.length == strlen("$E,abcdefgh,65535,65535,4294967295,C1,out,FFFFFFFFFFFFFF*") + 9);
    frame_begin(&frame, 'S', 0, UINT32_MAX);
    frame_pair(&frame, "L1", 1023);
    frame_pair(&frame, "D1", -2);
    frame_pair(&frame, "W1", INT32_MIN);
    CHECK(strncmp(frame.text + frame.length - 15, ",W1=-2147483648", 15) == 0);
    frame_end(&frame);
    CHECK(frame.length <= 1 + BODY_MAX + 10);
}

static void orders_are_understood(void)
{
    struct order order;

    CHECK(receive("$A,cab01,17,44*56117FBE\n", &order));
    CHECK(order.type == 'A' && strcmp(order.board, "cab01") == 0 && order.boot == 17);
    CHECK(order.fields == 1 && strcmp(order.field[0], "44") == 0);
    CHECK(receive("$C,cab01,17,L1,on,600*89C10B4E\n", &order));
    CHECK(order.fields == 3 && strcmp(order.field[2], "600") == 0);
    CHECK(receive("$Q,any,0,0011223344556677*D505B7B9\r\n", &order));
}

static void a_dollar_restarts_the_line_anywhere(void)
{
    struct order order;

    CHECK(receive("$A,cab01,17,4$A,cab01,17,44*56117FBE\n", &order));
    CHECK(receive("\xff\x01noise$$A,cab01,17,44*56117FBE\n", &order));
    CHECK(!receive("A,cab01,17,44*56117FBE\n", &order));
    CHECK(!receive("$A,cab01,17,44 *56117FBE\n", &order));
}

static void a_flipped_bit_is_always_noticed(void)
{
    const char intact[] = "$A,cab01,17,44*56117FBE\n";
    struct order order;

    for (unsigned bit = 0; bit < 8 * (sizeof intact - 1); bit++) {
        char broken[sizeof intact];
        memcpy(broken, intact, sizeof intact);
        broken[bit / 8] ^= (char)(1 << bit % 8);
        if (broken[bit / 8])
            CHECK(!receive(broken, &order));
    }
}

static void endless_and_random_lines_do_no_harm(void)
{
    struct order order;
    struct inbox inbox = {0};
    uint32_t noise = 1;

    for (int i = 0; i < 200000; i++) {
        noise = noise * 1664525 + 1013904223;
        frame_receive(&inbox, i < 1000 ? "$A"[i > 0] : (char)(noise >> 24), &order);
    }
    inbox.started = false;
    CHECK(receive("$A,cab01,17,44*56117FBE\n", &order));
}

static void numbers_are_plain_decimal(void)
{
    uint32_t number;

    CHECK(frame_parse("0", 9, &number) && number == 0);
    CHECK(frame_parse("65535", 65535, &number) && number == 65535);
    CHECK(!frame_parse("65536", 65535, &number));
    CHECK(!frame_parse("01", 65535, &number));
    CHECK(!frame_parse("+1", 65535, &number));
    CHECK(!frame_parse("-1", 65535, &number));
    CHECK(!frame_parse("", 65535, &number));
    CHECK(!frame_parse("99999999999", UINT32_MAX, &number));
}

static void reserved_and_odd_ids_are_refused(void)
{
    CHECK(frame_id_valid("cab01") && frame_id_valid("a-1") && frame_id_valid("abcdefgh"));
    CHECK(!frame_id_valid("any") && !frame_id_valid("new") && !frame_id_valid(""));
    CHECK(!frame_id_valid("Cab01") && !frame_id_valid("abcdefghi"));
}

void test_frame(void)
{
    load_vectors();
    crc_is_the_one_of_zlib();
    events_are_the_golden_frames();
    built_lines_are_the_golden_frames();
    longest_frames_keep_the_body_limit();
    orders_are_understood();
    a_dollar_restarts_the_line_anywhere();
    a_flipped_bit_is_always_noticed();
    endless_and_random_lines_do_no_harm();
    numbers_are_plain_decimal();
    reserved_and_odd_ids_are_refused();
}
