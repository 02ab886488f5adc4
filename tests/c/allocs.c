/* allocs MODULE: every call of the allocator in the process is counted. Says how many there were
 * while something was allocated on purpose, and while a thread emitted its first events and many
 * more, here and in a loaded module. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <thalweg.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *old);

static bool counts;
static long calls;

static void note(void)
{
    if (__atomic_load_n(&counts, __ATOMIC_SEQ_CST))
        __atomic_fetch_add(&calls, 1, __ATOMIC_SEQ_CST);
}

void *malloc(size_t size) { note(); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { note(); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { note(); return __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size) { note(); return __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { note(); return __libc_memalign(alignment, size); }
void free(void *old) { note(); __libc_free(old); }

static long (*emit)(long);

static long counted(void (*action)(void))
{
    __atomic_store_n(&calls, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&counts, true, __ATOMIC_SEQ_CST);
    action();
    __atomic_store_n(&counts, false, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&calls, __ATOMIC_SEQ_CST);
}

static void on_purpose(void)
{
    void *volatile block = malloc(1);
    free(block);
}

static void events(void)
{
    emit(10000);
    for (int n = 0; n < 10000; n++) {
        THALWEG_SPAN("allocs:span", INFO, tw_i32(n, n));
        THALWEG_EVENT("allocs:event", INFO, tw_str(text, "some text"), tw_bytes(bytes, &n, sizeof n));
    }
    thalweg_tracef("%d events of %s", 10000, "each kind");
}

static void *in_thread(void *nothing)
{
    printf("control %ld ", counted(on_purpose));
    printf("events %ld\n", counted(events));
    return nothing;
}

int main(int count, char **words)
{
    pthread_t thread;
    void *handle = count == 2 ? dlopen(words[1], RTLD_NOW) : NULL;
    if (handle == NULL)
        return 2;
    *(void **)&emit = dlsym(handle, "module_emit");
    /* The stream of the standard output has its memory before anybody counts. */
    setvbuf(stdout, NULL, _IONBF, 0);
    if (pthread_create(&thread, NULL, in_thread, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
