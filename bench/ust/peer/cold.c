/* The samples of src/cold.rs. */
#include "peer.h"
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

enum { FLUSHED = 8 << 20, LINE = 64, PERIOD_NS = 1000000, FIRST = 20 };

static uint64_t ticks(void)
{
	__builtin_ia32_mfence();
	uint64_t now = __rdtsc();
	__builtin_ia32_mfence();
	return now;
}

static uint8_t flush(uint8_t *memory)
{
	for (long at = 0; at < FLUSHED; at += LINE) memory[at]++;
	return memory[0];
}

int cold(long samples)
{
	uint8_t *memory = calloc(FLUSHED, 1);
	uint64_t *spent = calloc(samples, sizeof *spent), *bare = calloc(samples, sizeof *bare);
	if (!memory || !spent || !bare) { perror("peer: memory"); return 1; }
	pin(0);
	uint64_t begin = ticks(), begin_ns = now_ns(), due = begin_ns;
	for (long i = -FIRST; i < samples; i++) {
		due += PERIOD_NS;
		hide(flush(memory));
		uint64_t now = now_ns();
		if (now < due) sleep_ns(due - now);
		else due = now;
		uint64_t before = ticks(), middle = ticks();
		ints(1);
		uint64_t after = ticks();
		if (i >= 0) { bare[i] = middle - before; spent[i] = after - middle; }
	}
	double each_ns = (double)(now_ns() - begin_ns) / (double)(ticks() - begin);
	for (long i = 0; i < samples; i++) printf("%.1f,%.1f\n", (double)spent[i] * each_ns, (double)bare[i] * each_ns);
	fprintf(stderr, "produced %ld\n", samples + FIRST);
	return 0;
}
