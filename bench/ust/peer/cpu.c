/* The CPU time of a process, in ms: the shell tells only that of its own children. */
#include "peer.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

int cpu(long pid)
{
	clockid_t clock;
	struct timespec time;
	int error = clock_getcpuclockid((pid_t)pid, &clock);
	if (error || clock_gettime(clock, &time)) {
		fprintf(stderr, "peer: no time of process %ld: %s\n", pid, error ? strerror(error) : "it has ended");
		return 1;
	}
	printf("%.3f\n", (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6);
	return 0;
}
