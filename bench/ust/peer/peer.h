/* What the parts of LTTng's program share; each is the counterpart of the file of that name in src. */
#ifndef PEER_H
#define PEER_H
#define _GNU_SOURCE
#include <stdint.h>

enum { MOST_THREADS = 8, PROCESSORS = 2 };

/* One kind of event, as three loops. */
struct workload {
	const char *name;
	long batch;
	void (*empty)(long), (*event)(long), (*clock)(long);
	long in_every_turn, finale, in_finale;
};

const struct workload *workload_named(const char *name);
void ints(long count);

static inline void hide(uint64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }

void pin(int thread);
uint64_t now_ns(void);
void sleep_ns(uint64_t ns);

int emit(const struct workload *workload, int threads, int batches);
int bare_loop(const struct workload *workload, const char *kind, long count);
int cold(long samples);
int stay(int threads);
int pace(long per_second, long seconds);
int flood(long count);
int cpu(long pid);
#endif
