// The smallest test framework: a claim that fails is printed and ends the run.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(claim)                                                                             \
    do {                                                                                         \
        if (!(claim)) {                                                                          \
            fprintf(stderr, "%s:%d: %s: not so: %s\n", __FILE__, __LINE__, __func__, #claim);    \
            exit(1);                                                                             \
        }                                                                                        \
    } while (0)

extern const char *vectors_path; // tests/vectors/frames.txt

void test_ring(void);
void test_spill(void);
void test_frame(void);
void test_sense(void);
void test_drivers(void);
void test_dht(void);
void test_scan(void);
void test_camera(void);
void test_cabinet(void);

#endif
