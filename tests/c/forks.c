/* A parent, a child, and a child's child; the parent has threads. Each emits a hundred events. */
#include <pthread.h>
#include <sys/wait.h>
#include <thalweg.h>
#include <unistd.h>

static void emit(int generation)
{
    for (int n = 0; n < 100; n++)
        THALWEG_EVENT("forks:tick", INFO, tw_i32(generation, generation), tw_i32(n, n));
}

static void *in_thread(void *nothing)
{
    emit(0);
    return nothing;
}

static int fork_and_emit(int generation)
{
    pid_t child = fork();
    if (child == 0) {
        emit(generation);
        _exit(generation == 1 ? fork_and_emit(2) : 0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return status;
}

int main(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, in_thread, NULL) != 0)
        return 1;
    int status = fork_and_emit(1);
    pthread_join(thread, NULL);
    emit(0);
    return status != 0;
}
