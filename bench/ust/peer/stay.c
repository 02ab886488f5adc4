/* The process of src/stay.rs. */
#include "peer.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t all;

static void *one_thread(void *nothing)
{
	ints(1);
	pthread_barrier_wait(&all);
	for (;;) pause();
	return nothing;
}

int stay(int threads)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_barrier_init(&all, NULL, threads + 1);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 << 10);
	for (int t = 0; t < threads; t++) {
		/* What a burst of new threads costs is another question. */
		sleep_ns(500000);
		if (pthread_create(&thread, &attributes, one_thread, NULL)) { perror("peer: start a thread"); exit(1); }
	}
	pthread_barrier_wait(&all);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	/* Until the script has looked. */
	while (getchar() != EOF) ;
	ints(1);
	fprintf(stderr, "produced %d\n", threads + 1);
	return 0;
}
