// The till: what C++ adds to the events of C.
#include "till.h"

#include <stdexcept>
#include <string>
#include <thalweg.h>

namespace {

// Opened before main, and traced there already.
struct Till {
    Till() { THALWEG_EVENT("till:open", NOTICE, tw_str(name, std::string("till ") + "one")); }
} till;

// Vouchers of some customers are forged.
void check_voucher(const order &order)
{
    THALWEG_SPAN("till:voucher", DEBUG, tw(id, order.id));
    if (order.customer == nullptr)
        throw std::invalid_argument("a voucher without a name");
}

} // namespace

double till_total(const struct order *order)
{
    double total = 0;
    for (uint32_t line = 0; line < order->lines; line++)
        total += order->prices[line] / 100.0;
    return total;
}

int till_take(const struct order *order)
{
    int events = 1;
    try {
        if (order->payment == VOUCHER) {
            events += 2;
            check_voucher(*order);
        }
        THALWEG_EVENT("till:taken", INFO, tw(id, order->id), tw(payment, order->payment));
    } catch (const std::exception &why) {
        THALWEG_EVENT("till:refused", ERR, tw(id, order->id), tw_str(why, why.what()));
    }
    return events;
}

int till_events(void)
{
    return 1;
}
