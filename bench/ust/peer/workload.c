/* The loops of src/workload.rs. */
#include "peer.h"
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>
#include "events.h"
#include "tp.h"

#define EACH(name, ...) \
	__attribute__((noinline)) static void name(long count) \
	{ \
		for (long i = 0; i < count; i++) { hide(i); __VA_ARGS__; } \
	}

static uint8_t bytes[256];
static const char text[] = "a string of fifty-three bytes, as long as a log line.";
_Static_assert(sizeof text == 54, "53 bytes and the end");

static const void *hidden(const void *address)
{
	__asm__ volatile("" : "+r"(address) : : "memory");
	return address;
}

EACH(empty, (void)0)
EACH(clocks, hide(__rdtsc()))
EACH(shared, lttng_ust_tracepoint(bench, ev, i, (uint32_t)i, 7))
EACH(none, lttng_ust_tracepoint(peer, none))
EACH(texts, lttng_ust_tracepoint(peer, text, i, hidden(text)))
EACH(bytes16, lttng_ust_tracepoint(peer, bytes16, hidden(bytes)))
EACH(bytes64, lttng_ust_tracepoint(peer, bytes64, hidden(bytes)))
EACH(bytes256, lttng_ust_tracepoint(peer, bytes256, hidden(bytes)))

__attribute__((noinline)) void ints(long count)
{
	for (long i = 0; i < count; i++) { hide(i); lttng_ust_tracepoint(peer, int, i); }
}

/* Dependent multiplications and additions: so many that they take about 75 ns, says the script. */
static inline double work(double x, long steps)
{
	for (long step = 0; step < steps; step++) x = x * 0.999 + 0.001;
	return x;
}

static long work_steps(void)
{
	const char *said = getenv("BENCH_WORK_STEPS");
	return said ? atol(said) : 50;
}

#define INSIDE(name, ...) \
	__attribute__((noinline)) static void name(long count) \
	{ \
		double x = 3; \
		long steps = work_steps(); \
		for (long i = 0; i < count; i++) { x = work(x, steps); hide(i); __VA_ARGS__; } \
		__asm__ volatile("" : : "x"(x)); \
	}

INSIDE(inside_empty, (void)0)
INSIDE(inside_event, lttng_ust_tracepoint(peer, int, i))
INSIDE(inside_clock, hide(__rdtsc()))

static const struct workload workloads[] = {
	{ "shared", 50000, empty, shared, clocks, 1, 0, 0 },
	{ "int", 50000, empty, ints, clocks, 1, 0, 0 },
	{ "none", 50000, empty, none, clocks, 1, 0, 0 },
	{ "bytes16", 50000, empty, bytes16, clocks, 1, 0, 0 },
	{ "bytes64", 20000, empty, bytes64, clocks, 1, 0, 0 },
	{ "bytes256", 10000, empty, bytes256, clocks, 1, 0, 0 },
	{ "text", 20000, empty, texts, clocks, 1, 0, 0 },
	{ "context", 20000, empty, ints, clocks, 1, 0, 0 },
	{ "refused", 50000, empty, ints, clocks, 0, 60001, 1 },
	{ "inside", 50000, inside_empty, inside_event, inside_clock, 1, 0, 0 },
};

const struct workload *workload_named(const char *name)
{
	for (unsigned i = 0; i < sizeof workloads / sizeof *workloads; i++)
		if (!strcmp(workloads[i].name, name)) return &workloads[i];
	return 0;
}
