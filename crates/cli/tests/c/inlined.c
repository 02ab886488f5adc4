/* One SDT probe whose code is at two places, with arguments in different ones. */
#include <sys/sdt.h>

static inline __attribute__((always_inline)) void seen(int number, long value)
{
    STAP_PROBE2(inlined, seen, number, value);
}

int main(int argc, char **argv)
{
    (void)argv;
    for (int i = argc; i < 5; i += 2) {
        seen(i, 10L * i);
        seen(i + 1, -7);
    }
    return 0;
}
