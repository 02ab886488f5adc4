/* locks THREADS ROUNDS: each round locks and unlocks one mutex, tries it, tries it in vain, and
 * unlocks it. Says where the mutex is. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t all = PTHREAD_MUTEX_INITIALIZER;
static long rounds, sum;

static void must(int holds) { if (!holds || errno != 77) abort(); }

static void *work(void *own)
{
	pthread_mutex_t *mine = own;
	errno = 77;
	for (long i = 0; i < rounds; i++) {
		must(pthread_mutex_lock(&all) == 0);
		sum++;
		must(pthread_mutex_unlock(&all) == 0);
		must(pthread_mutex_trylock(mine) == 0);
		must(pthread_mutex_trylock(mine) == EBUSY);
		must(pthread_mutex_unlock(mine) == 0);
	}
	return NULL;
}

int main(int count, char **words)
{
	static pthread_mutex_t own[64];
	static pthread_t running[64];
	int threads = count == 3 ? atoi(words[1]) : 0;
	rounds = count == 3 ? atol(words[2]) : 0;
	if (threads < 1 || threads > 64) return 2;
	for (int t = 0; t < threads; t++) pthread_mutex_init(&own[t], NULL);
	for (int t = 0; t < threads; t++) pthread_create(&running[t], NULL, work, &own[t]);
	for (int t = 0; t < threads; t++) pthread_join(running[t], NULL);
	printf("%lu %ld\n", (unsigned long)&all, sum);
	return sum == threads * rounds ? 0 : 1;
}
