/* The batches of src/emit.rs. */
#include "peer.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM_UPS = 14, PAUSE_NS = 15000000 };
struct batch { uint64_t empty_ns, event_ns, clock_ns; };
struct worker { pthread_t thread; int number; struct batch *rows; };

static const struct workload *loops;
static int batches, all_threads;
static pthread_barrier_t start;

static uint64_t thread_cpu_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t timed(void (*work)(long))
{
	uint64_t before = thread_cpu_ns();
	work(loops->batch);
	return thread_cpu_ns() - before;
}

/* Batches that grow up to their size. */
static long warm_up(int step)
{
	return step >= WARM_UPS - 2 ? loops->batch : loops->batch * (step + 1) / (WARM_UPS - 1);
}

static void *one_thread(void *argument)
{
	struct worker *worker = argument;
	pin(worker->number);
	pthread_barrier_wait(&start);
	for (int i = 0; i < WARM_UPS; i++) { loops->event(warm_up(i)); sleep_ns((uint64_t)PAUSE_NS * all_threads); }
	for (int i = 0; i < batches; i++) {
		worker->rows[i].empty_ns = timed(loops->empty);
		worker->rows[i].event_ns = timed(loops->event);
		worker->rows[i].clock_ns = timed(loops->clock);
		sleep_ns((uint64_t)PAUSE_NS * all_threads);
	}
	return NULL;
}

int emit(const struct workload *workload, int threads, int how_many)
{
	struct worker workers[MOST_THREADS];
	long turns = (long)how_many * workload->batch;
	loops = workload;
	batches = how_many;
	all_threads = threads;
	pthread_barrier_init(&start, NULL, threads);
	for (int t = 0; t < threads; t++) {
		workers[t] = (struct worker){ .number = t, .rows = calloc(batches, sizeof(struct batch)) };
		if (!workers[t].rows || pthread_create(&workers[t].thread, NULL, one_thread, &workers[t])) { perror("peer: start a thread"); exit(1); }
	}
	for (int t = 0; t < threads; t++) pthread_join(workers[t].thread, NULL);
	workload->event(workload->finale);
	for (int t = 0; t < threads; t++)
		for (int i = 0; i < batches; i++)
			printf("%d,%d,%d,%ld,%lu,%lu,%lu\n", threads, t, i, workload->batch, workers[t].rows[i].empty_ns,
				workers[t].rows[i].event_ns, workers[t].rows[i].clock_ns);
	for (int i = 0; i < WARM_UPS; i++) turns += warm_up(i);
	fprintf(stderr, "produced %ld\n", threads * turns * workload->in_every_turn + workload->in_finale);
	return 0;
}

int bare_loop(const struct workload *workload, const char *kind, long count)
{
	(kind[0] == 'e' && kind[1] == 'v' ? workload->event : workload->empty)(count);
	return 0;
}
