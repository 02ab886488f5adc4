// What two source files share: events in an inline function, a template, and a class.
#include <string>
#include <thalweg.h>

inline void shared_inline(int n)
{
    THALWEG_EVENT("plus:inline", INFO, tw(n, n));
}

template <class T> void shared_template(T value)
{
    THALWEG_EVENT("plus:template", INFO, tw(value, value));
}

struct Counter {
    int count = 0;
    void add(int n)
    {
        THALWEG_SPAN("plus:add", INFO, tw(n, n));
        if (n < 0)
            throw std::string("negative");
        count += n;
        THALWEG_EVENT("plus:member", INFO, tw(count, count));
    }
};

void second(int n);
