/* The pace of src/pace.rs. */
#include "peer.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2, TICK_NS = 1000000, MOST_AT_ONCE = 20000 };
struct paced { pthread_t thread; int number; long per_second, seconds, produced; uint64_t ns; };

static void *one_thread(void *argument)
{
	struct paced *paced = argument;
	uint64_t end = (uint64_t)paced->seconds * 1000000000, spent, begin;
	pin(paced->number);
	begin = now_ns();
	while ((spent = now_ns() - begin) < end) {
		long due = (long)((double)spent * 1e-9 * (double)paced->per_second) - paced->produced;
		if (due > MOST_AT_ONCE) due = MOST_AT_ONCE;
		ints(due);
		paced->produced += due;
		if (due < MOST_AT_ONCE) sleep_ns(TICK_NS - (now_ns() - begin) % TICK_NS);
	}
	paced->ns = spent;
	return NULL;
}

int pace(long per_second, long seconds)
{
	struct paced all[THREADS];
	long produced = 0;
	double achieved = 0;
	for (int t = 0; t < THREADS; t++) {
		all[t] = (struct paced){ .number = t, .per_second = per_second / THREADS, .seconds = seconds };
		if (pthread_create(&all[t].thread, NULL, one_thread, &all[t])) { perror("peer: start a thread"); exit(1); }
	}
	for (int t = 0; t < THREADS; t++) {
		pthread_join(all[t].thread, NULL);
		produced += all[t].produced;
		achieved += (double)all[t].produced / ((double)all[t].ns * 1e-9);
	}
	fprintf(stderr, "produced %ld\nachieved %.0f\n", produced, achieved);
	return 0;
}
