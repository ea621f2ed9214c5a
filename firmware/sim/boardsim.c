// Runs a board's real ELF on a simulated ATmega328P or 2560, its sensors driven by lines on stdin,
// its serial line on a pseudo-terminal.  Ends at the end of stdin or with its parent.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "chips.h"
#include "script.h"

#define SLICE_US 1000  // stimuli, UART input and the EEPROM file follow in such steps
#define BATCH_US 5000  // real time is paced in such steps: fewer wake-ups
#define LAG_MAX_US 1000000
#define OUT_ROOM 32768 // beyond this, output nobody reads is dropped
#define FOREVER UINT64_MAX

static struct {
    const char *elf, *mcu, *eeprom, *link, *id, *log;
    double speed;
    bool paused;
    enum around around;
} options = {.speed = 1, .mcu = "atmega328p"};

static int master = -1, log_file = -1;
static uint8_t out[OUT_ROOM];
static size_t out_count;
static uint8_t eeprom[EEPROM_SIZE];
static volatile sig_atomic_t stop;

// ---- the serial line -----------------------------------------------------------------

static void keep_output(uint8_t byte)
{
    if (log_file >= 0 && write(log_file, &byte, 1) != 1)
        stop = 1;
    if (out_count < OUT_ROOM)
        out[out_count++] = byte;
}

static void flush_output(void)
{
    ssize_t count = out_count ? write(master, out, out_count) : 0;

    if (count <= 0)
        return;
    out_count -= count;
    memmove(out, out + count, out_count);
}

static void read_line(void)
{
    uint8_t bytes[256];
    ssize_t count = read(master, bytes, sizeof bytes);

    if (count > 0)
        chips_uart_in(bytes, count);
}

static bool open_line(void)
{
    char path[64];
    int slave; // stays open: the line outlives its readers
    struct termios raw;

    if (openpty(&master, &slave, path, NULL, NULL) != 0 || tcgetattr(slave, &raw) != 0)
        return false;
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(master, F_SETFL, O_NONBLOCK);
    if (options.link) {
        unlink(options.link);
        if (symlink(path, options.link) != 0)
            return false;
    }
    script_answer("PTY %s", path);
    return true;
}

// ---- the EEPROM file -----------------------------------------------------------------

static void load_eeprom(void)
{
    chips_eeprom_get(eeprom);
    int file = options.eeprom ? open(options.eeprom, O_RDONLY) : -1;
    if (file >= 0) {
        if (read(file, eeprom, EEPROM_SIZE) != EEPROM_SIZE)
            memset(eeprom, 0xFF, EEPROM_SIZE);
        close(file);
    }
    if (options.id) { // the layout is in boards/settings.h
        eeprom[0] = 0xF1;
        memset(eeprom + 1, 0, 8);
        memcpy(eeprom + 1, options.id, strnlen(options.id, 8));
    }
    chips_eeprom_set(eeprom);
}

// Written at once when changed: killing the simulator is a power cut, not amnesia.
static void save_eeprom(void)
{
    uint8_t now[EEPROM_SIZE];
    char path[4096];

    chips_eeprom_get(now);
    if (!options.eeprom || memcmp(now, eeprom, EEPROM_SIZE) == 0)
        return;
    memcpy(eeprom, now, EEPROM_SIZE);
    snprintf(path, sizeof path, "%s.new", options.eeprom);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, now, EEPROM_SIZE) != EEPROM_SIZE)
        perror("boardsim: eeprom");
    close(file);
    rename(path, options.eeprom);
}

// ---- time ----------------------------------------------------------------------------

static uint64_t host_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static bool simulate_until(uint64_t until_us)
{
    while (chips_us() < until_us && !stop) {
        uint64_t next_us = chips_us() + SLICE_US;
        uint64_t due_us = script_step(chips_us());
        if (due_us < next_us)
            next_us = due_us;
        if (!chips_run_until(next_us < until_us ? next_us : until_us)) {
            fputs("boardsim: the processor crashed\n", stderr);
            return false;
        }
        save_eeprom();
    }
    flush_output();
    return true;
}

// ---- stdin ---------------------------------------------------------------------------

static char input[4096];
static size_t input_count;
static bool input_ended;
static uint64_t run_until_us; // simulate up to here, then pause
static uint64_t host_start_us, sim_start_us;

static void set_pace(void)
{
    host_start_us = host_us();
    sim_start_us = chips_us();
}

static void obey(const struct wish *wish)
{
    if (wish->quit)
        stop = 1;
    if (wish->speed >= 0)
        options.speed = wish->speed;
    if (wish->run_for_us)
        run_until_us = chips_us() + wish->run_for_us;
    if (wish->speed >= 0 || wish->run_for_us)
        set_pace();
}

// A "run" is under way.
static bool running(void) { return options.paused && chips_us() < run_until_us; }

static void take_lines(void)
{
    char *end;

    // While "run" runs, later lines wait: their "now" means its end.
    bool busy = running();
    while (!busy && (end = memchr(input, '\n', input_count))) {
        struct wish wish;
        size_t length = end + 1 - input;
        *end = '\0';
        script_line(input, &wish);
        obey(&wish);
        input_count -= length;
        memmove(input, input + length, input_count);
        busy = running();
    }
    if (input_ended && !busy)
        stop = 1;
}

static void read_stdin(void)
{
    if (input_count == sizeof input) // lines wait for the end of a run
        return;
    ssize_t count = read(STDIN_FILENO, input + input_count, sizeof input - input_count);

    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        input_ended = true;
    if (count > 0)
        input_count += count;
    if (input_count == sizeof input && !memchr(input, '\n', input_count))
        input_count = 0; // no line is that long
}

// ---- the loop ------------------------------------------------------------------------

// How long the host may sleep before the next batch is due, in us.
static uint64_t slack_us(void)
{
    if (options.paused && !running())
        return 500000;
    if (options.speed <= 0)
        return 0;
    uint64_t due_us = host_start_us + (uint64_t)((chips_us() - sim_start_us) / options.speed);
    uint64_t now_us = host_us();
    if (now_us > due_us + LAG_MAX_US)
        set_pace(); // the host slept; do not race to catch up
    return now_us < due_us ? due_us - now_us : 0;
}

static void wait_input(uint64_t us)
{
    struct pollfd fds[] = {{input_ended ? -1 : STDIN_FILENO, POLLIN, 0},
                           {master, POLLIN | (out_count ? POLLOUT : 0), 0}};
    struct timespec limit = {us / 1000000, us % 1000000 * 1000};

    if (ppoll(fds, 2, &limit, NULL) <= 0)
        return;
    if (fds[0].revents)
        read_stdin();
    if (fds[1].revents & POLLIN)
        read_line();
}

static bool advance(void)
{
    uint64_t until_us = chips_us() + BATCH_US;

    if (options.paused && !running())
        return true;
    if (options.paused && until_us > run_until_us)
        until_us = run_until_us;
    if (!simulate_until(until_us))
        return false;
    if (options.paused && !running())
        script_answer("OK %llu run", (unsigned long long)chips_us() / 1000);
    return true;
}

static bool loop(void)
{
    pid_t parent = getppid();

    set_pace();
    while (!stop && getppid() == parent) {
        wait_input(slack_us());
        take_lines();
        if (!stop && slack_us() == 0 && !advance())
            return false;
        flush_output();
    }
    return true;
}

static void on_signal(int signal)
{
    (void)signal;
    stop = 1;
}

static bool parse(int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "s:e:l:i:S:o:m:pwc")) != -1) {
        switch (option) {
        case 's': options.speed = atof(optarg); break;
        case 'e': options.eeprom = optarg; break;
        case 'l': options.link = optarg; break;
        case 'i': options.id = optarg; break;
        case 'S': chance_seed(strtoul(optarg, NULL, 10)); break;
        case 'm': options.mcu = optarg; break;
        case 'w': options.around = AROUND_SHIELD; break;
        case 'c': options.around = AROUND_CAMERA; break;
        case 'o': options.log = optarg; break;
        case 'p': options.paused = true; options.speed = 0; break;
        default: return false;
        }
    }
    options.elf = argv[optind];
    return options.elf && optind + 1 == argc;
}

int main(int argc, char **argv)
{
    if (!parse(argc, argv)) {
        fputs("usage: boardsim [-s speed, 0 = max] [-p: run only on \"run ms\"] [-e eeprom.bin]\n"
              "                [-l symlink] [-i board id] [-S seed] [-o uart.log] [-m mcu]\n"
              "                [-w: W5500] [-c: a camera, no sensors] fw.elf\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    chips_uart_out = keep_output;
    if (!chips_start(options.elf, options.mcu, options.around))
        return 1;
    load_eeprom();
    if (options.log)
        log_file = open(options.log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!open_line()) {
        perror("boardsim: line");
        return 1;
    }
    bool well = loop();
    if (options.link)
        unlink(options.link);
    return well ? 0 : 1;
}
