/* calls BATCHES: calls an empty function in batches, and writes a row for each: batch, calls, ns.
 *
 * Built plain, with -finstrument-functions, and with -pg: what the latter two cost over the first
 * is one function's begin and end. The batches grow first, so that the rings have grown and were
 * touched; in the pauses the collectors catch up. Says on standard error how many calls it made. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define UNTOLD __attribute__((no_instrument_function))

enum { BATCH = 50000, WARM_UPS = 16, PAUSE_US = 15000 };

__attribute__((noinline)) static void told(void) { __asm__ volatile("" ::: "memory"); }

UNTOLD static uint64_t thread_cpu_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

UNTOLD static uint64_t batch(long calls)
{
	uint64_t before = thread_cpu_ns();
	for (long i = 0; i < calls; i++) told();
	return thread_cpu_ns() - before;
}

UNTOLD int main(int count, char **words)
{
	int batches = count == 2 ? atoi(words[1]) : 0;
	if (batches < 1) { fputs("usage: calls BATCHES\n", stderr); return 2; }
	long calls = 0;
	for (long n = 1; n <= WARM_UPS; n++) {
		long some = BATCH * n / WARM_UPS;
		batch(some);
		calls += some;
		usleep(PAUSE_US);
	}
	uint64_t *rows = calloc(batches, sizeof *rows);
	for (int i = 0; i < batches; i++) {
		rows[i] = batch(BATCH);
		calls += BATCH;
		usleep(PAUSE_US);
	}
	for (int i = 0; i < batches; i++) printf("%d,%d,%lu\n", i, BATCH, rows[i]);
	fprintf(stderr, "produced %ld\n", calls);
	return 0;
}
