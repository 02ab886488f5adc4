// What only C++ has: constructors before main, exceptions, templates, temporaries, lambdas.
#include "plus.hpp"
#include <string_view>

namespace {

enum class Color : unsigned char { red, green = 200 };

struct Early {
    Early() { THALWEG_EVENT("plus:constructor", INFO); }
    ~Early() { THALWEG_EVENT("plus:destructor", INFO); }
} early;

std::string made(int n)
{
    return std::string(40, 'a') + std::to_string(n);
}

int thrower()
{
    throw 7;
}

} // namespace

int main()
{
    shared_inline(1);
    shared_template(std::string("text"));
    second(2);
    Counter counter;
    counter.add(3);
    try {
        counter.add(-1);
    } catch (const std::string &why) {
        THALWEG_EVENT("plus:caught", INFO, tw_str(why, why));
    }
    try {
        THALWEG_EVENT("plus:never", INFO, tw_i32(n, thrower()));
    } catch (int n) {
        THALWEG_EVENT("plus:thrown", INFO, tw(n, n));
    }
    // A temporary lives until its bytes are copied.
    THALWEG_EVENT("plus:temporary", INFO, tw_str(a, made(1).c_str()), tw_str(b, made(2)), tw(c, made(3)),
                  tw(d, std::string_view("view").substr(1)));
    THALWEG_EVENT("plus:types", INFO, tw(color, Color::green), tw(flag, true), tw(text, "text"),
                  tw(none, static_cast<void *>(nullptr)), tw(big, 1ull << 63), tw(half, 0.5f));
    auto lambda = [&](int n) { THALWEG_EVENT("plus:lambda", INFO, tw(n, n), tw(count, counter.count)); };
    lambda(4);
    if (THALWEG_ENABLED("plus:lambda", INFO))
        lambda(5);
}
