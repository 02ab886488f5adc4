/* LTTng-UST's side of the benchmark: the commands of src/main.rs. */
#include "peer.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void pin(int thread)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(thread % PROCESSORS, &set);
	if (sched_setaffinity(0, sizeof set, &set)) { perror("peer: choose a processor"); exit(1); }
}

uint64_t now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

void sleep_ns(uint64_t ns)
{
	struct timespec time = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
	while (nanosleep(&time, &time) && errno == EINTR) ;
}

static int usage(void)
{
	fputs("usage: peer emit WORKLOAD THREADS BATCHES | loop WORKLOAD event|empty COUNT | cold SAMPLES |"
		" stay THREADS | pace PER_SECOND SECONDS | flood COUNT | cpu PID\n", stderr);
	return 2;
}

static long number(const char *word, long least)
{
	char *end;
	long value = strtol(word, &end, 10);
	if (*end || end == word || value < least) exit(usage());
	return value;
}

int main(int count, char **words)
{
	const char *command = count > 1 ? words[1] : "";
	const struct workload *workload = count == 5 ? workload_named(words[2]) : NULL;
	if (workload && !strcmp(command, "emit")) {
		long threads = number(words[3], 1);
		return threads > MOST_THREADS ? usage() : emit(workload, (int)threads, (int)number(words[4], 1));
	}
	if (workload && !strcmp(command, "loop")) return bare_loop(workload, words[3], number(words[4], 0));
	if (count == 3 && !strcmp(command, "cold")) return cold(number(words[2], 1));
	if (count == 3 && !strcmp(command, "stay")) return stay((int)number(words[2], 0));
	if (count == 4 && !strcmp(command, "pace")) return pace(number(words[2], 1), number(words[3], 1));
	if (count == 3 && !strcmp(command, "flood")) return flood(number(words[2], 1));
	if (count == 3 && !strcmp(command, "cpu")) return cpu(number(words[2], 1));
	return usage();
}
