// Parameters that are where the kernel's probes can read them, and others that are not.
struct pair {
    int a, b;
};

struct shop {
    int stock;
    double sell(double price, int count, const char *name);
    int odd(pair both, int behind);
};

__attribute__((noinline)) double shop::sell(double price, int count, const char *name)
{
    asm volatile("" ::"r"(name));
    stock -= count;
    return price * count;
}

__attribute__((noinline)) int shop::odd(pair both, int behind)
{
    asm volatile("");
    return both.a + both.b + behind + stock;
}

int main()
{
    shop shop{7};
    return shop.sell(1.5, 3, "tea") + shop.odd({1, 2}, 4) > 1000;
}
