/* threads COUNT EVENTS: threads that emit at full speed. Says how many events there were. */
#include <pthread.h>
#include <stdlib.h>
#include <thalweg.h>

static long events;

static void *work(void *argument)
{
    long thread = (long)(intptr_t)argument;
    for (long n = 0; n < events; n++)
        THALWEG_EVENT("threads:tick", INFO, tw_i64(thread, thread), tw_i64(n, n), tw_str(text, "some text"),
                      tw_i8(minus, (int8_t)-n), tw_f64(half, (double)n / 2));
    return NULL;
}

int main(int count, char **words)
{
    pthread_t threads[64];
    long most = count == 3 ? strtol(words[1], NULL, 10) : 0;
    if (most < 1 || most > 64)
        return 2;
    events = strtol(words[2], NULL, 10);
    for (long thread = 0; thread < most; thread++)
        if (pthread_create(&threads[thread], NULL, work, (void *)(intptr_t)thread) != 0)
            return 1;
    for (long thread = 0; thread < most; thread++)
        pthread_join(threads[thread], NULL);
    printf("emitted %ld\n", most * events);
    return 0;
}
