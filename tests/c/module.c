/* A module to be loaded and unloaded; its constructor emits, too. */
#include <thalweg.h>

long module_emit(long count);

static long of_constructor;

__attribute__((constructor)) static void begin(void)
{
    THALWEG_EVENT("module:begin", INFO, tw_str(module, MODULE));
    of_constructor = 1;
}

/* So many events, each with its number; how many there were since the module was loaded. */
long module_emit(long count)
{
    for (long n = 0; n < count; n++)
        THALWEG_EVENT("module:tick", INFO, tw_str(module, MODULE), tw_i64(n, n));
    long all = count + of_constructor;
    of_constructor = 0;
    return all;
}
