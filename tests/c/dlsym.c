/* A dlsym that allocates and locks, preloaded behind the helpers: as that of old C libraries, and
 * worse. Says at the end how often it did so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int calls;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void *dlsym(void *handle, const char *name)
{
	static void *(*real)(void *, const char *);
	if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
	if (!real) real = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
	pthread_mutex_lock(&lock);
	char *text = calloc(1, strlen(name) + 1);
	if (!text || text[0]) abort();
	strcpy(text, name);
	text = realloc(text, 200);
	void *aligned = aligned_alloc(64, 64);
	if (!text || !aligned || (unsigned long)aligned % 64) abort();
	void *found = real(handle, text);
	free(aligned);
	free(text);
	calls++;
	pthread_mutex_unlock(&lock);
	return found;
}

__attribute__((destructor)) static void tell(void)
{
	fprintf(stderr, "dlsym was called: %s\n", calls ? "yes" : "no");
}
