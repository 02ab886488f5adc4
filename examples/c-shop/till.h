/* What the shop, written in C, and its till, written in C++, share. */
#ifndef TILL_H
#define TILL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum payment { CASH, CARD, VOUCHER };

enum { MOST_LINES = 5 };

struct order {
    uint64_t id;
    const char *customer;
    enum payment payment;
    uint32_t lines;
    uint16_t prices[MOST_LINES];
};

/* The worth of an order. */
double till_total(const struct order *order);

/* Takes the money; how many events that were. */
int till_take(const struct order *order);

/* How many events the till emitted before main. */
int till_events(void);

#ifdef __cplusplus
}
#endif

#endif
