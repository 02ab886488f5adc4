/* Contexts of C: what the program provides, and where its events are. */
#include <thalweg.h>

static int64_t turn;
static const char *const names[] = { "one", "two" };

static void tell_turn(void *user, struct thalweg_app_value *value)
{
    thalweg_app_value_set_int(value, *(const int64_t *)user);
}

static void tell_name(void *user, struct thalweg_app_value *value)
{
    (void)user;
    thalweg_app_value_set_text(value, turn < 2 ? names[turn] : NULL);
}

static void tell_others(void *user, struct thalweg_app_value *value)
{
    if (user != NULL)
        thalweg_app_value_set_uint(value, UINT64_MAX);
    else
        thalweg_app_value_set_float(value, 0.5);
}

__attribute__((noinline)) static void shout(void)
{
    THALWEG_EVENT("test:shout", INFO, tw_x64(function, (uintptr_t)shout), tw_i64(turn, turn));
}

__attribute__((noinline)) static void outer(void)
{
    shout();
    /* Else the call would be a jump. */
    __asm__ volatile("");
}

__attribute__((noinline)) static void whisper(const char *text)
{
    THALWEG_EVENT("test:whisper", INFO, tw_x64(function, (uintptr_t)whisper), tw_str(text, text));
}

int main(void)
{
    struct thalweg_app_context contexts[4] = { THALWEG_APP_CONTEXT_INIT, THALWEG_APP_CONTEXT_INIT,
                                               THALWEG_APP_CONTEXT_INIT, THALWEG_APP_CONTEXT_INIT };
    bool are_there = thalweg_app_context_add(&contexts[0], "test", "turn", tell_turn, &turn) &&
                     thalweg_app_context_add(&contexts[1], "test", "name", tell_name, NULL) &&
                     thalweg_app_context_add(&contexts[2], "test", "big", tell_others, &turn) &&
                     thalweg_app_context_add(&contexts[3], "test", "half", tell_others, NULL);
    struct thalweg_app_context refused = THALWEG_APP_CONTEXT_INIT;
    if (!are_there || thalweg_app_context_add(&refused, "test", "turn", tell_turn, &turn) ||
        thalweg_app_context_add(&refused, "test", NULL, tell_turn, &turn) ||
        thalweg_app_context_add(&refused, "test", "other", NULL, NULL))
        return 1;
    for (; turn < 3; turn++) {
        outer();
        whisper("text");
    }
    for (int n = 0; n < 4; n++)
        thalweg_app_context_remove(&contexts[n]);
    thalweg_app_context_remove(&refused);
    shout();
    return 0;
}
