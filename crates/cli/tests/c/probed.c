/* A program with functions and SDT probes of known arguments. It prints what each probe should tell. */
#define _SDT_HAS_SEMAPHORES 1
#include <stdio.h>
#include <stdlib.h>
#include <sys/sdt.h>

unsigned short shop_sold_semaphore __attribute__((section(".probes")));
unsigned short shop_stock_semaphore __attribute__((section(".probes")));

int stock = 1000;

__attribute__((noinline)) int work(int number, const char *name, long sum, short below)
{
    __asm__ volatile("" ::"r"(name), "r"(sum), "r"(below) : "memory");
    return -number;
}

/* An instruction that Linux 6.18 would make a call. */
__asm__(".type wide_nop, @function\nwide_nop: ret\n.byte 0x0f, 0x1f, 0x44, 0, 0\n.size wide_nop, . - wide_nop");

int main(int argc, char **argv)
{
    int times = argc > 1 ? atoi(argv[1]) : 1, looked = 0;
    for (int i = 0; i < times; i++) {
        char name[16];
        long sum = -10000000000L * i;
        snprintf(name, sizeof name, "item %d", i);
        work(i, name, sum, (short)-i);
        printf("app:work number = %d, name = \"%s\", sum = %ld, below = %d\n", i, name, sum, (short)-i);
        printf("app:work__return ret = %d\n", -i);
        if (shop_sold_semaphore) {
            looked++;
            STAP_PROBE4(shop, sold, i, name, -sum, (unsigned char)(i + 200));
            printf("shop:sold item = %d, name = \"%s\", sum = %ld, arg4 = %d\n", i, name, -sum,
                   (unsigned char)(i + 200));
        }
        STAP_PROBE2(shop, stock, stock, 7);
        printf("shop:stock arg1 = %d, arg2 = 7\n", stock);
        stock--;
    }
    fprintf(stderr, "looked %d times\n", looked);
    return 0;
}
