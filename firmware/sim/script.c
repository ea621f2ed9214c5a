#define _GNU_SOURCE
#include "script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chips.h"

#define ENTRIES 512
#define VALUE_MAX 240

struct entry {
    uint64_t at_us;
    uint32_t order; // of arrival: entries of one time happen in it
    const struct word *word;
    char value[VALUE_MAX];
};

static struct entry entries[ENTRIES];
static int waiting;
static uint32_t arrived;

void script_answer(const char *format, ...)
{
    char line[200];
    va_list list;

    va_start(list, format);
    int length = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    line[length++] = '\n';
    for (int sent = 0; sent < length;) {
        ssize_t count = write(STDOUT_FILENO, line + sent, length - sent);
        if (count <= 0)
            return; // whoever asked is gone; stdin tells the same
        sent += count;
    }
}

// ---- the words -----------------------------------------------------------------------

static bool number(const char *text, long low, long high, long *value)
{
    char *end;

    *value = strtol(text, &end, 10);
    return *text && !*end && *value >= low && *value <= high;
}

static int hex(const char *text, uint8_t *bytes, int room)
{
    int count = 0;

    for (; text[0] && text[1] && count < room; text += 2)
        if (!isxdigit((unsigned char)text[0]) || sscanf(text, "%2hhx", &bytes[count++]) != 1)
            return -1;
    return *text ? -1 : count;
}

#define SET(name, low, high, statement)                                                          \
    static bool set_##name(const char *text)                                                     \
    {                                                                                            \
        long value;                                                                              \
        if (!number(text, low, high, &value))                                                    \
            return false;                                                                        \
        statement;                                                                               \
        chips_update();                                                                          \
        return true;                                                                             \
    }

SET(light, 0, 5000, chips.light_mv = value)
SET(lightnoise, 0, 500, chips.light_noise_mv = value)
SET(vib, 0, 100000, chips_shake(value))
SET(dist, 0, 6000, chips.distance.mm = value)
SET(distnoise, 0, 1000, chips.distance.noise = value)
SET(distdrop, 0, 100, chips.distance.drop = value)
SET(diststuck, 0, 1, chips.distance.stuck = value)
SET(weight, -8388608, 8388607, chips.weight.raw = value)
SET(wnoise, 0, 100000, chips.weight.noise = value)
SET(sps, 1, 80, chips.weight.sps = value)
SET(hxgone, 0, 1, chips.weight.gone = value)
SET(rcgone, 0, 1, chips.reader.gone = value)
SET(rcfail, 0, 100, chips.reader.fail = value)
SET(rcgone2, 0, 1, chips.reader_2.gone = value)
SET(temp, -400, 1250, chips.climate.decicelsius = value)
SET(humid, 0, 1000, chips.climate.permille = value)
SET(dhtgone, 0, 1, chips.climate.gone = value)
SET(dhtgarble, 0, 100, chips.climate.garble = value)
SET(dhtcut, 0, 100, chips.climate.cut = value)
SET(ethgone, 0, 1, chips.ether.gone = value)
SET(ethcut, 0, 1, chips.ether.no_link = value)
SET(level, 0, 5000, chips.level_mv = value)
SET(levelnoise, 0, 500, chips.level_noise_mv = value)
SET(scene, 0, 255, chips.camera.scene = value)
SET(camgone, 0, 1, chips.camera.gone = value)
SET(camfreeze, 0, 1, chips.camera.frozen = value)
SET(camdrop, 0, 255, chips.camera.drop = value)

// "none" empties the field, HEX leaves this card alone in it, +HEX adds, -HEX removes one.
static bool change_cards(struct rc522_model *reader, const char *text)
{
    uint8_t uid[7];
    char how = *text == '+' || *text == '-' ? *text++ : '=';
    int length = hex(text, uid, sizeof uid);

    if (strcmp(text, "none") == 0) {
        rc522_model_clear(reader);
        return true;
    }
    if (length != 4 && length != 7)
        return false;
    if (how == '-')
        return rc522_model_remove(reader, uid, length);
    if (how == '=')
        rc522_model_clear(reader);
    return rc522_model_add(reader, uid, length);
}

static bool set_card(const char *text) { return change_cards(&chips.reader, text); }

static bool set_card2(const char *text) { return change_cards(&chips.reader_2, text); }

static bool send_uart(const char *text)
{
    return chips_uart_in((const uint8_t *)text, strlen(text)) &&
           chips_uart_in((const uint8_t *)"\n", 1);
}

static bool send_uarthex(const char *text)
{
    uint8_t bytes[VALUE_MAX / 2];
    int count = hex(text, bytes, sizeof bytes);

    return count > 0 && chips_uart_in(bytes, count);
}

static bool scan_hex(const char *text)
{
    uint8_t bytes[VALUE_MAX / 2];
    int count = hex(text, bytes, sizeof bytes);

    return count > 0 && chips_scan(bytes, count);
}

static bool press_reset(const char *text)
{
    chips_reset();
    return !*text;
}

static const struct word {
    const char *name;
    bool (*act)(const char *value);
} WORDS[] = {
    {"light", set_light},         {"lightnoise", set_lightnoise}, {"vib", set_vib},
    {"dist", set_dist},           {"distnoise", set_distnoise},   {"distdrop", set_distdrop},
    {"diststuck", set_diststuck}, {"weight", set_weight},         {"wnoise", set_wnoise},
    {"sps", set_sps},             {"hxgone", set_hxgone},         {"card", set_card},
    {"rcgone", set_rcgone},       {"rcfail", set_rcfail},         {"card2", set_card2},
    {"rcgone2", set_rcgone2},     {"temp", set_temp},             {"humid", set_humid},
    {"dhtgone", set_dhtgone},     {"dhtgarble", set_dhtgarble},   {"dhtcut", set_dhtcut},
    {"level", set_level},         {"levelnoise", set_levelnoise}, {"uart", send_uart},
    {"ethgone", set_ethgone},     {"ethcut", set_ethcut},         {"scene", set_scene},
    {"camgone", set_camgone},     {"camfreeze", set_camfreeze},   {"camdrop", set_camdrop},
    {"uarthex", send_uarthex},    {"reset", press_reset},         {"scanhex", scan_hex},
};

// ---- the queue -----------------------------------------------------------------------

static bool earlier(const struct entry *a, const struct entry *b)
{
    return a->at_us < b->at_us || (a->at_us == b->at_us && (int32_t)(a->order - b->order) < 0);
}

static struct entry *first(void)
{
    struct entry *found = entries;

    for (struct entry *entry = entries + 1; entry < entries + waiting; entry++)
        if (earlier(entry, found))
            found = entry;
    return waiting ? found : NULL;
}

uint64_t script_step(uint64_t now_us)
{
    struct entry *entry;

    while ((entry = first()) && entry->at_us <= now_us) {
        struct entry due = *entry;
        *entry = entries[--waiting];
        if (!due.word->act(due.value)) // its line was answered long ago
            fprintf(stderr, "boardsim: %s %s could not be done\n", due.word->name, due.value);
    }
    return entry ? entry->at_us : UINT64_MAX;
}

static const struct word *find_word(const char *name)
{
    for (unsigned i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp(name, WORDS[i].name) == 0)
            return &WORDS[i];
    return NULL;
}

// Do it when due now, so that the answer tells whether it could be done; else keep it.
static bool take(uint64_t at_us, const struct word *word, const char *value)
{
    if (!word || strlen(value) >= VALUE_MAX)
        return false;
    if (at_us <= chips_us())
        return word->act(value);
    if (waiting == ENTRIES)
        return false;
    struct entry *entry = &entries[waiting++];
    *entry = (struct entry){.at_us = at_us, .order = arrived++, .word = word};
    strcpy(entry->value, value);
    return true;
}

// Words that act on the simulator, not on the board.
static bool obey(const char *name, const char *value, struct wish *wish)
{
    unsigned long long now_ms = chips_us() / 1000;
    long run_ms;

    if (strcmp(name, "time") == 0) {
        script_answer("OK %llu time", now_ms);
    } else if (strcmp(name, "stack") == 0) {
        script_answer("OK %u stack", chips_lowest_stack());
    } else if (strcmp(name, "quit") == 0) {
        wish->quit = true;
        script_answer("OK %llu quit", now_ms);
    } else if (strcmp(name, "speed") == 0) {
        wish->speed = atof(value);
        script_answer("OK %llu speed", now_ms);
    } else if (strcmp(name, "run") == 0 && number(value, 1, 100000000, &run_ms)) {
        wish->run_for_us = (uint64_t)run_ms * 1000;
    } else {
        return false;
    }
    return true;
}

void script_line(char *line, struct wish *wish)
{
    char *when = strtok(line, " \r\n"), *name = strtok(NULL, " \r\n");
    char *value = strtok(NULL, "\r\n");
    uint64_t at_us = chips_us();
    long ms;

    *wish = (struct wish){.speed = -1};
    if (!when)
        return;
    bool bare = obey(when, name ? name : "", wish); // "run 500" needs no time
    if (bare || (name && obey(name, value ? value : "", wish)))
        return;
    bool plus = *when == '+';
    if (!name || (strcmp(when, "now") != 0 && !number(when + plus, 0, 100000000, &ms))) {
        script_answer("ERR %s", when);
        return;
    }
    if (strcmp(when, "now") != 0)
        at_us = (plus ? at_us : 0) + (uint64_t)ms * 1000;
    if (take(at_us, find_word(name), value ? value : ""))
        script_answer("OK %llu %s", (unsigned long long)at_us / 1000, name);
    else
        script_answer("ERR %s", name);
}
