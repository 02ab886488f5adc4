/* shop [--requests N] [--threads N]: a small shop whose work can be traced.
 *
 * The events are those of the Rust shop in spirit: what a request was about, how long its parts took,
 * and what went wrong. Says at the end how many events it emitted.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <thalweg.h>

#include "till.h"

static const struct thalweg_label payments[] = { { CASH, "cash" }, { CARD, "card" }, { VOUCHER, "voucher" } };

static long requests = 1000;
static long threads = 2;
static atomic_long events;

/* Counts the events that it names. */
#define COUNTED(count) atomic_fetch_add_explicit(&events, count, memory_order_relaxed)

static uint32_t random_below(uint32_t *state, uint32_t limit)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % limit;
}

static void receive(struct order *order, uint32_t *state)
{
    static const char *const customers[] = { "Ada", "Grace", NULL, "Edsger" };
    order->customer = customers[random_below(state, 4)];
    order->payment = (enum payment)random_below(state, 3);
    order->lines = 1 + random_below(state, MOST_LINES);
    for (uint32_t line = 0; line < order->lines; line++)
        order->prices[line] = (uint16_t)(100 + random_below(state, 9000));
    THALWEG_EVENT("shop:order", INFO, tw_u64(id, order->id), tw_str(customer, order->customer),
                  tw_seq(prices, u16, order->prices, order->lines),
                  tw_enum(payment, u8, payments, order->payment));
    COUNTED(1);
}

static void judge(const struct order *order)
{
    double total = till_total(order);
    bool is_large = total > 150.0;
    THALWEG_EVENT("shop:judged", DEBUG, tw(id, order->id), tw(total, total), tw(is_large, is_large),
                  tw_ptr(order, order));
    COUNTED(1);
    if (is_large) {
        thalweg_tracelog(WARNING, "order %lu is worth %.2f", (unsigned long)order->id, total);
        COUNTED(1);
    }
}

static void *work(void *argument)
{
    long worker = (long)(intptr_t)argument;
    uint32_t state = (uint32_t)worker;
    for (long n = worker; n < requests; n += threads) {
        struct order order = { .id = (uint64_t)n };
        THALWEG_SPAN("shop:request", INFO, tw_i64(id, n), tw_i32(worker, (int32_t)worker));
        receive(&order, &state);
        judge(&order);
        COUNTED(2 + till_take(&order));
    }
    thalweg_tracef("worker %ld is done", worker);
    COUNTED(1);
    return NULL;
}

static long option(int *count, char ***words, const char *name, long otherwise)
{
    if (*count < 2 || strcmp((*words)[0], name) != 0)
        return otherwise;
    long value = strtol((*words)[1], NULL, 10);
    *words += 2;
    *count -= 2;
    return value;
}

int main(int count, char **words)
{
    pthread_t all[64];
    count--, words++;
    requests = option(&count, &words, "--requests", requests);
    threads = option(&count, &words, "--threads", threads);
    if (count != 0 || threads < 1 || threads > 64 || requests < 0) {
        fputs("usage: shop [--requests N] [--threads 1..64]\n", stderr);
        return 2;
    }
    for (long worker = 0; worker < threads; worker++)
        if (pthread_create(&all[worker], NULL, work, (void *)(intptr_t)worker) != 0) {
            perror("shop: cannot start a thread");
            return 1;
        }
    for (long worker = 0; worker < threads; worker++)
        pthread_join(all[worker], NULL);
    printf("%ld requests by %ld threads, %ld events\n", requests, threads, (long)events + till_events());
    return 0;
}
