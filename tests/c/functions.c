/* functions THREADS ROUNDS: built with -finstrument-functions. Each round is a call of `outer`,
 * which calls `inner` twice, under a timer whose handler is a function, too. Says where they are,
 * and how often the handler ran. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#define PLAIN __attribute__((no_instrument_function))

static long rounds;
static volatile long handled;

__attribute__((noinline)) static void inner(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) static void outer(void) { inner(); inner(); __asm__ volatile("" ::: "memory"); }
static void handler(int signal) { (void)signal; __atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED); }

PLAIN static void *work(void *unused)
{
	for (long i = 0; i < rounds; i++) outer();
	return unused;
}

PLAIN int main(int count, char **words)
{
	static pthread_t running[64];
	int threads = count == 3 ? atoi(words[1]) : 0;
	rounds = count == 3 ? atol(words[2]) : 0;
	if (threads < 1 || threads > 64) return 2;
	signal(SIGALRM, handler);
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	setitimer(ITIMER_REAL, &often, NULL);
	for (int t = 0; t < threads; t++) pthread_create(&running[t], NULL, work, NULL);
	for (int t = 0; t < threads; t++) pthread_join(running[t], NULL);
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
	printf("%lu %lu %lu %ld\n", (unsigned long)outer, (unsigned long)inner, (unsigned long)handler, handled);
	return 0;
}
