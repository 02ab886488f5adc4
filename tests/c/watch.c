/* A program that tells its state when it is asked: by a loop, then by a wait, then never again. */
#include <stdio.h>
#include <string.h>
#include <thalweg.h>

static struct thalweg_watch watch = THALWEG_WATCH_INIT;

static void tell_state(void)
{
    for (int item = 1; item <= 2; item++)
        THALWEG_EVENT("watch:state", INFO, tw_i32(item, item));
}

int main(void)
{
    int polls = 0;
    for (int turn = 0; turn < 1000; turn++) {
        if (thalweg_watch_poll(&watch)) {
            polls++;
            tell_state();
        }
        THALWEG_EVENT("watch:turn", INFO);
    }
    struct thalweg_watch second = THALWEG_WATCH_INIT;
    bool waited = thalweg_watch_wait(&second, -1);
    bool again = thalweg_watch_wait(&second, 1);
    thalweg_watch_end(&second);
    thalweg_watch_end(&watch);
    struct thalweg_watch fresh = THALWEG_WATCH_INIT;
    printf("%d %d %d %d\n", polls, waited, again, memcmp(&watch, &fresh, sizeof fresh));
}
