/* The flood of src/flood.rs. */
#include "peer.h"
#include <stdio.h>

int flood(long count)
{
	uint64_t begin;
	pin(0);
	ints(1);
	begin = now_ns();
	ints(count);
	fprintf(stderr, "produced %ld\nwall_ns %.1f\n", count + 1, (double)(now_ns() - begin) / (double)count);
	return 0;
}
