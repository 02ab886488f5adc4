// The second source file, whose inline functions and templates are the first one's, too.
#include "plus.hpp"

void second(int n)
{
    shared_inline(n);
    shared_template(n);
    shared_template(n * 0.5);
}
