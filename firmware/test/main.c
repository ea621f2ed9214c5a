#include "check.h"

const char *vectors_path;

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: host-test frames.txt\n", stderr);
        return 2;
    }
    vectors_path = argv[1];
    test_ring();
    test_spill();
    test_frame();
    test_sense();
    test_drivers();
    test_dht();
    test_scan();
    test_camera();
    test_cabinet();
    puts("host tests passed");
    return 0;
}
