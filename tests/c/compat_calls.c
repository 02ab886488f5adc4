/* Calls of 32-bit programs (int $0x80), made by one of 64 bits, whose pointers are below 4 GiB; then
 * numbers that no call has. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call(long number, long a, long b, long c, long d, long e)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

int main(void)
{
    char *memory = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (memory == MAP_FAILED)
        return 1;
    char *path = strcpy(memory, "/etc/passwd");
    char *sink = strcpy(memory + 100, "/dev/null");
    unsigned *vectors = (unsigned *)(memory + 1024);
    vectors[0] = (unsigned)(long)(memory + 2048);
    vectors[1] = 3;
    vectors[2] = (unsigned)(long)(memory + 3000);
    vectors[3] = 4;
    long file = call(5, (long)path, 0, 0, 0, 0); /* open */
    long null = call(5, (long)sink, 2, 0, 0, 0);
    if (file < 0 || null < 0)
        return 2;
    call(145, file, (long)vectors, 2, 0, 0);              /* readv */
    call(146, null, (long)vectors, 2, 0, 0);              /* writev */
    call(195, (long)path, (long)(memory + 8192), 0, 0, 0); /* stat64 */
    call(140, file, 0, 1, (long)(memory + 4096), 0);      /* _llseek */
    call(3, file, (long)(memory + 2048), 50, 0, 0);       /* read */
    char *none = strcpy(memory + 16384, "/none");
    unsigned *argv = (unsigned *)(memory + 20000);
    argv[0] = (unsigned)(long)none;
    argv[1] = (unsigned)(long)strcpy(memory + 21000, "two");
    argv[2] = 0;
    call(11, (long)none, (long)argv, (long)(argv + 1), 0, 0); /* execve */
    call(9999, 1, 2, 3, 4, 5);
    syscall(9998, 1, 2, 3, 4, 5, 6);
    return 0;
}
