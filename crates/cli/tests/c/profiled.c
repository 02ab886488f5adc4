/* Spends its time in two functions, 3 to 1; prints the processor's time that it took, in us. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;
/* Who asks for its frame has one, also a function that calls nothing. */
static void *volatile frame;

__attribute__((noinline)) void three_parts(long n)
{
	frame = __builtin_frame_address(0);
	for (long i = 0; i < 3 * n; i++)
		sink += i;
}

__attribute__((noinline)) void one_part(long n)
{
	frame = __builtin_frame_address(0);
	for (long i = 0; i < n; i++)
		sink += i;
}

__attribute__((noinline)) void both(long n)
{
	three_parts(n);
	one_part(n);
	sink++;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1;
	while (rounds-- > 0)
		both(100000);
	printf("%ld\n", (long)clock());
	return 0;
}
