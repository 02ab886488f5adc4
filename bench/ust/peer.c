/* The same batches as src/emit.rs, with the event that the shared folder defines for LTTng-UST. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>
#include "tp.h"

enum { BATCH = 50000, PAUSE_US = 15000, MOST_THREADS = 8 };
static const long warm_up[] = { 4000, 8000, 12000, 16000, 20000, 24000, 28000,
	32000, 36000, 40000, 44000, 48000, BATCH, BATCH };
enum { WARM_UPS = sizeof warm_up / sizeof *warm_up };

struct batch { uint64_t empty_ns, event_ns, clock_ns; };
struct worker { pthread_t thread; int cpu; struct batch *rows; };

static int batches;
static pthread_barrier_t start;

static void hide(uint64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }

static uint64_t thread_cpu_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

__attribute__((noinline)) static void empty(long count)
{
	for (long i = 0; i < count; i++) hide(i);
}

__attribute__((noinline)) static void events(long count)
{
	for (long i = 0; i < count; i++) { hide(i); lttng_ust_tracepoint(bench, ev, i, (uint32_t)i, 7); }
}

__attribute__((noinline)) static void clocks(long count)
{
	for (long i = 0; i < count; i++) { hide(i); hide(__rdtsc()); }
}

static uint64_t timed(void (*work)(long))
{
	uint64_t before = thread_cpu_ns();
	work(BATCH);
	return thread_cpu_ns() - before;
}

static void *one_thread(void *argument)
{
	struct worker *worker = argument;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(worker->cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set)) { perror("sched_setaffinity"); exit(1); }
	pthread_barrier_wait(&start);
	for (int i = 0; i < WARM_UPS; i++) { events(warm_up[i]); usleep(PAUSE_US); }
	for (int i = 0; i < batches; i++) {
		worker->rows[i].empty_ns = timed(empty);
		worker->rows[i].event_ns = timed(events);
		worker->rows[i].clock_ns = timed(clocks);
		usleep(PAUSE_US);
	}
	return NULL;
}

int main(int count, char **words)
{
	int threads = count == 3 ? atoi(words[1]) : 0;
	batches = count == 3 ? atoi(words[2]) : 0;
	if (threads < 1 || threads > MOST_THREADS || batches < 1) { fputs("usage: peer THREADS BATCHES\n", stderr); return 2; }
	struct worker workers[MOST_THREADS];
	long produced = (long)threads * batches * BATCH;
	pthread_barrier_init(&start, NULL, threads);
	for (int t = 0; t < threads; t++) {
		workers[t] = (struct worker){ .cpu = t, .rows = calloc(batches, sizeof(struct batch)) };
		pthread_create(&workers[t].thread, NULL, one_thread, &workers[t]);
		for (int i = 0; i < WARM_UPS; i++) produced += warm_up[i];
	}
	for (int t = 0; t < threads; t++) pthread_join(workers[t].thread, NULL);
	for (int t = 0; t < threads; t++)
		for (int i = 0; i < batches; i++)
			printf("%d,%d,%d,%d,%lu,%lu,%lu\n", threads, t, i, BATCH, workers[t].rows[i].empty_ns,
				workers[t].rows[i].event_ns, workers[t].rows[i].clock_ns);
	fprintf(stderr, "produced %ld\n", produced);
}
