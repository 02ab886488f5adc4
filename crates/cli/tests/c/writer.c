/* Writes 7 bytes at a time: main calls outer, outer calls inner, inner writes. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int file;
static volatile int done;

__attribute__((noinline)) void inner(void)
{
	done += write(file, "1234567", 7) == 7;
}

__attribute__((noinline)) void outer(void)
{
	inner();
	done += 0;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1;
	file = open("/dev/null", O_WRONLY);
	for (long i = 0; i < count; i++)
		outer();
	return done != count;
}
