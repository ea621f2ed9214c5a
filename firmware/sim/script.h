// Stimulus lines: "<ms | +ms | now> <what> <value>", each answered "OK <sim ms>" or "ERR why".
// The words are in docs/protocol.md.
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

// What a line asks of the simulator itself.
struct wish {
    bool quit;
    double speed;        // >= 0: set it; 0 = as fast as possible
    uint64_t run_for_us; // > 0: run so long, then pause and answer
};

// Take one line (it is changed).  Writes the answer, or leaves it to the end of a run.
void script_line(char *line, struct wish *wish);
// Do what is due.  Returns when the next entry is due, UINT64_MAX when none waits.
uint64_t script_step(uint64_t now_us);
// Write an answer line to stdout.
void script_answer(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
