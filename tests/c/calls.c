/* calls HOW THREADS ROUNDS LOG: calls the allocator and writes down each call, with what it gave.
 *
 * A thread's calls lie between a malloc(BEGIN) and a malloc(END); what the C library allocates for
 * itself lies outside. HOW: threads; fork: a child and its child do the same; fail: calls that are
 * refused, too. The notes are in memory of our own, and written at the end: "tid name a b block".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BEGIN = 1000001, END = 1000003, PER_ROUND = 32, MOST_THREADS = 64 };
struct note { const char *name; unsigned long a, b; void *block; };
struct notes { struct note *all; long count; pid_t tid; };

static long rounds;
static int refused_too;
static struct notes of_thread[MOST_THREADS];

static void *note(struct notes *notes, const char *name, unsigned long a, unsigned long b, void *block)
{
	if (errno != 77) { fprintf(stderr, "%s changed errno to %d\n", name, errno); exit(1); }
	notes->all[notes->count++] = (struct note){ name, a, b, block };
	return block;
}

static void give_back(struct notes *notes, void *block)
{
	note(notes, "free", 0, 0, block);
	free(block);
}

static void *same(void *block) { __asm__ volatile("" : "+r"(block)); return block; }

static void one_round(struct notes *notes, long round)
{
	unsigned long n = 1 + round % 3000;
	void *a = note(notes, "malloc", n, 0, same(malloc(n)));
	memset(a, 1, n);
	void *b = note(notes, "calloc", 3, n, same(calloc(3, n)));
	void *old = same(a);
	a = same(realloc(a, 2 * n));
	notes->all[notes->count++] = (struct note){ "realloc", (unsigned long)old, 2 * n, a };
	void *c = NULL;
	if (posix_memalign(&c, 64, n)) abort();
	note(notes, "posix_memalign", 64, n, same(c));
	void *d = note(notes, "memalign", 256, n, same(memalign(256, n)));
	void *e = note(notes, "aligned_alloc", 32, 32 * n, same(aligned_alloc(32, 32 * n)));
	void *f = note(notes, "valloc", 4096, n, same(valloc(n)));
	void *g = note(notes, "reallocarray", 0, 2 * n, same(reallocarray(NULL, 2, n)));
	void *all[] = { a, b, c, d, e, f, g, NULL };
	for (int i = 0; i < 8; i++) give_back(notes, same(all[i]));
	if (refused_too) {
		size_t most = PTRDIFF_MAX;
		__asm__ volatile("" : "+r"(most));
		if (malloc(most) || errno != ENOMEM) abort();
		errno = 77;
		note(notes, "malloc", most, 0, NULL);
		if (calloc(most, most) || errno != ENOMEM) abort();
		errno = 77;
		note(notes, "calloc", most, most, NULL);
		c = a;
		if (posix_memalign(&c, 3, 1) != EINVAL || c != a) abort();
		note(notes, "posix_memalign", 3, 1, NULL);
	}
}

static void *work(void *argument)
{
	struct notes *notes = argument;
	size_t len = (rounds * PER_ROUND + 8) * sizeof(struct note);
	notes->all = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	notes->count = 0;
	notes->tid = syscall(SYS_gettid);
	errno = 77;
	void *begin = note(notes, "malloc", BEGIN, 0, same(malloc(BEGIN)));
	for (long round = 0; round < rounds; round++) one_round(notes, round);
	give_back(notes, begin);
	note(notes, "malloc", END, 0, same(malloc(END)));
	return NULL;
}

static void write_down(const char *path, int threads)
{
	static char buffer[1 << 16];
	FILE *log = fopen(path, "a");
	if (!log) { perror(path); exit(1); }
	setvbuf(log, buffer, _IOFBF, sizeof buffer);
	for (int t = 0; t < threads; t++)
		for (long i = 0; i < of_thread[t].count; i++) {
			struct note *n = &of_thread[t].all[i];
			fprintf(log, "%d %s %lu %lu %lu\n", of_thread[t].tid, n->name, n->a, n->b, (unsigned long)n->block);
		}
	fclose(log);
}

/* No thread and no signal handler but the program's own. */
static void tell_of_guests(void)
{
	char text[4096];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t len = read(fd, text, sizeof text - 1);
	close(fd);
	text[len > 0 ? len : 0] = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "Threads:", 8) || !strncmp(line, "SigCgt:", 7)) puts(line);
}

int main(int count, char **words)
{
	if (count != 5) return 2;
	int threads = atoi(words[2]);
	rounds = atol(words[3]);
	refused_too = !strcmp(words[1], "fail");
	if (threads < 1 || threads > MOST_THREADS) return 2;
	tell_of_guests();
	fflush(stdout);
	int parents = !strcmp(words[1], "fork") ? 2 : 0;
	pid_t child = 0;
	while (parents-- > 0 && (child = fork()) == 0) ;
	pthread_t running[MOST_THREADS];
	for (int t = 1; t < threads; t++) pthread_create(&running[t], NULL, work, &of_thread[t]);
	work(&of_thread[0]);
	for (int t = 1; t < threads; t++) pthread_join(running[t], NULL);
	int status = 0;
	if (child && (wait(&status) < 0 || status)) return 1;
	write_down(words[4], threads);
	return 0;
}
