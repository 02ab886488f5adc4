/* modules ROUNDS MODULE MODULE: two threads load, use and unload modules all the time; then a
 * child that has to know of the modules' events and nothing of their memory. Says how many
 * events there were. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <thalweg.h>
#include <unistd.h>

typedef long (*emit_function)(long);

static char **paths;
static long rounds;
/* Only who loads or unloads has it: a constructor runs once, and its event is counted once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static emit_function load(const char *path, void **handle)
{
    emit_function emit;
    *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (*handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    *(void **)&emit = dlsym(*handle, "module_emit");
    return emit;
}

static void *work(void *argument)
{
    long *emitted = argument;
    for (long round = 0; round < rounds; round++) {
        void *handle;
        pthread_mutex_lock(&lock);
        emit_function emit = load(paths[round % 2], &handle);
        *emitted += emit(0);
        pthread_mutex_unlock(&lock);
        *emitted += emit(10);
        THALWEG_EVENT("modules:round", INFO, tw_i64(round, round));
        *emitted += 1;
        pthread_mutex_lock(&lock);
        dlclose(handle);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static long in_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        void *handle;
        THALWEG_EVENT("modules:child", INFO);
        long emitted = 1 + load(paths[0], &handle)(10);
        _exit((int)emitted);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1000000;
}

int main(int count, char **words)
{
    pthread_t thread;
    long of_thread = 0, own = 0;
    if (count != 4)
        return 2;
    rounds = strtol(words[1], NULL, 10);
    paths = words + 2;
    if (pthread_create(&thread, NULL, work, &of_thread) != 0)
        return 1;
    work(&own);
    pthread_join(thread, NULL);
    printf("emitted %ld\n", own + of_thread + in_child());
    return 0;
}
