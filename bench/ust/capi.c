/* The loops of src/workload.rs for our C interface, in the batches of src/emit.rs: the same event, with three integers
 * and with one. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <thalweg.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

enum { BATCH = 50000, PAUSE_US = 15000 };
static const long warm_up[] = { 4000, 8000, 12000, 16000, 20000, 24000, 28000,
                                32000, 36000, 40000, 44000, 48000, BATCH, BATCH };
enum { WARM_UPS = sizeof warm_up / sizeof *warm_up };

static void hide(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

__attribute__((noinline)) static void empty(long count)
{
    for (long i = 0; i < count; i++)
        hide((uint64_t)i);
}

__attribute__((noinline)) static void three(long count)
{
    for (long i = 0; i < count; i++) {
        hide((uint64_t)i);
        THALWEG_EVENT("bench:ev", INFO, tw_u64(a, (uint64_t)i), tw_u32(b, (uint32_t)i), tw_u32(c, 7));
    }
}

__attribute__((noinline)) static void one(long count)
{
    for (long i = 0; i < count; i++) {
        hide((uint64_t)i);
        THALWEG_EVENT("bench:one", INFO, tw_u64(a, (uint64_t)i));
    }
}

__attribute__((noinline)) static void clocks(long count)
{
    for (long i = 0; i < count; i++) {
        hide((uint64_t)i);
        hide(__rdtsc());
    }
}

static uint64_t timed(void (*work)(long))
{
    uint64_t before = thread_cpu_ns();
    work(BATCH);
    return thread_cpu_ns() - before;
}

int main(int count, char **words)
{
    long batches = count == 3 ? strtol(words[2], NULL, 10) : 0;
    void (*events)(long) = count == 3 && strcmp(words[1], "one") == 0 ? one : three;
    if (batches < 1) {
        fputs("usage: capi one|three BATCHES\n", stderr);
        return 2;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("capi: cannot stay on one processor");
        return 1;
    }
    long produced = batches * BATCH;
    for (int i = 0; i < WARM_UPS; i++) {
        events(warm_up[i]);
        produced += warm_up[i];
        usleep(PAUSE_US);
    }
    for (long i = 0; i < batches; i++) {
        uint64_t empty_ns = timed(empty), event_ns = timed(events), clock_ns = timed(clocks);
        printf("1,0,%ld,%d,%lu,%lu,%lu\n", i, BATCH, empty_ns, event_ns, clock_ns);
        usleep(PAUSE_US);
    }
    fprintf(stderr, "produced %ld\n", produced);
    return 0;
}
