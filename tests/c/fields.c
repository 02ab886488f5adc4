/* One event of each kind of field, with values at the ends of their ranges. C and C++. */
#include <math.h>
#include <pthread.h>
#include <thalweg.h>

/* Programs do that, and it is not their level. */
#define DEBUG 1
#define INFO 2

static const struct thalweg_label payments[] = { { 0, "Cash" }, { 1, "Card" }, { 255, "Other" } };
static const struct thalweg_label changes[] = { { -128, "Down" }, { 0, "Same" }, { 127, "Up" } };
static const struct thalweg_label wides[] = { { INT64_MIN, "Least" }, { INT64_MAX, "Most" } };

static void integers(void)
{
    THALWEG_EVENT("c:unsigned", INFO, tw_u8(a, UINT8_MAX), tw_u16(b, UINT16_MAX), tw_u32(c, UINT32_MAX),
                  tw_u64(d, UINT64_MAX));
    THALWEG_EVENT("c:least", INFO, tw_i8(a, INT8_MIN), tw_i16(b, INT16_MIN), tw_i32(c, INT32_MIN),
                  tw_i64(d, INT64_MIN));
    THALWEG_EVENT("c:most", INFO, tw_i8(a, INT8_MAX), tw_i16(b, INT16_MAX), tw_i32(c, INT32_MAX),
                  tw_i64(d, INT64_MAX));
    THALWEG_EVENT("c:hex", DEBUG, tw_x8(a, 0xfe), tw_x16(b, 0xbeef), tw_x32(c, 0xdeadbeef),
                  tw_x64(d, UINT64_MAX), tw_ptr(none, NULL), tw_ptr(some, (void *)0x1234));
}

static void other_scalars(void)
{
    THALWEG_EVENT("c:floats", INFO, tw_f32(a, 1.5f), tw_f64(b, -0.25), tw_f64(c, 1e300), tw_f32(d, -0.0f));
    THALWEG_EVENT("c:no-numbers", INFO, tw_f64(a, HUGE_VAL), tw_f64(b, -HUGE_VAL));
    THALWEG_EVENT("c:bool", INFO, tw_bool(yes, true), tw_bool(no, false), tw_bool(many, 17 > 3));
    THALWEG_EVENT("c:labels", INFO, tw_enum(a, u8, payments, 0), tw_enum(b, u8, payments, 255),
                  tw_enum(c, i8, changes, -128), tw_enum(d, i64, wides, INT64_MIN),
                  tw_enum(e, u32, payments, 1));
}

static void texts(void)
{
    static char long_text[40001];
    const char *null = NULL;
    const char two[3] = { 'a', 'b', 'c' };
    memset(long_text, 'x', sizeof long_text - 1);
    /* The cut would be in the middle of a character. */
    memcpy(long_text + THALWEG_STRING_MAX - 1, "\xc3\x9f", 2);
    THALWEG_EVENT("c:text", INFO, tw_str(empty, ""), tw_str(plain, "plain"), tw_str(quotes, "a \"b\" \\c"),
                  tw_str(lines, "a\nb\tc"), tw_str(far, "Привет, 世界"));
    THALWEG_EVENT("c:null", INFO, tw_str(none, null), tw_strn(nothing, null, 5), tw_u8(after, 7));
    THALWEG_EVENT("c:bounded", INFO, tw_strn(all, "abc", 100), tw_strn(part, "abc", 2), tw_strn(open, two, 3),
                  tw_strn(whole, "aß", 3), tw_strn(cut, "aß", 2), tw_strn(none, "abc", 0));
    THALWEG_EVENT("c:long", INFO, tw_str(text, long_text), tw_u8(after, 8));
}

static void many(void)
{
    const uint8_t bytes[] = { 0, 127, 128, 255 };
    const uint16_t shorts[] = { 1, 2, 65535 };
    const int8_t chars[] = { -1 };
    const double floats[] = { 0.5, -0.5 };
    const bool bools[] = { true, false };
    const int64_t wide[] = { INT64_MIN, 0, INT64_MAX };
    const float single[] = { 0.5f };
    const uint32_t *null = NULL;
    THALWEG_EVENT("c:bytes", INFO, tw_bytes(bytes, bytes, sizeof bytes), tw_bytes(none, NULL, 3), tw_u8(after, 9));
    THALWEG_EVENT("c:arrays", INFO, tw_array(a, u16, shorts, 3), tw_array(b, i8, chars, 1),
                  tw_array(c, f64, floats, 2), tw_array(d, bool, bools, 2), tw_array(none, u32, null, 2));
    THALWEG_EVENT("c:lists", INFO, tw_seq(a, i64, wide, 3), tw_seq(b, f32, single, 1), tw_seq(c, u32, null, 2),
                  tw_seq(d, bool, bools, 1), tw_seq(e, x16, shorts, 3));
}

static void whatever(void)
{
    char text[] = "array";
    const char *pointer = "pointer";
    signed char least = -128;
    unsigned short shortest = 65535;
    long wide = -1;
    unsigned long long widest = UINT64_MAX;
    bool yes = true;
    THALWEG_EVENT("c:whatever", INFO, tw(a, text), tw(b, pointer), tw(c, "literal"), tw(d, least),
                  tw(e, shortest), tw(f, wide), tw(g, widest), tw(h, yes), tw(i, 1.5f), tw(j, 2.5), tw(k, 7),
                  tw(l, 7u), tw(m, (void *)0x10));
}

static int evaluated;

static int evaluate(void)
{
    return ++evaluated;
}

static void *finish_task(void *task)
{
    {
        THALWEG_SPAN_ENTER((struct thalweg_span *)task);
        THALWEG_SPAN("c:finish", INFO);
    }
    THALWEG_SPAN_END((struct thalweg_span *)task);
    return NULL;
}

/* A span that another thread ends, one that is named as a parent, and one that nobody records. */
static void spans(void)
{
    struct thalweg_span task, other;
    pthread_t thread;
    THALWEG_SPAN_BEGIN(&task, "c:task", INFO, tw_i32(id, 2));
    {
        THALWEG_SPAN("c:beside", INFO);
        THALWEG_SPAN_ENTER(&task);
        THALWEG_SPAN("c:part", INFO);
        THALWEG_EVENT("c:current", INFO, tw_x64(span_id, THALWEG_CURRENT_SPAN()));
    }
    THALWEG_SPAN_BEGIN_IN(&other, task.begun.id, "c:other", INFO);
    if (pthread_create(&thread, NULL, finish_task, &task) == 0)
        pthread_join(thread, NULL);
    THALWEG_SPAN_END(&other);
    THALWEG_SPAN_BEGIN(&task, "hidden:task", INFO, tw_i32(evaluated, evaluate()));
    {
        THALWEG_SPAN_ENTER(&task);
        THALWEG_SPAN("hidden:scope", INFO);
        THALWEG_SPAN("c:seen", INFO);
    }
    THALWEG_SPAN_END(&task);
}

static void rest(void)
{
    THALWEG_EVENT("c:nothing", INFO);
    {
        THALWEG_SPAN("c:span", INFO, tw_i32(id, 1));
        THALWEG_SPAN("c:inner", INFO);
        THALWEG_SPAN_IN(0, "c:root", INFO);
    }
    spans();
    thalweg_tracef("%s is %d", "seven", 7);
    thalweg_tracef("%01200d", 0);
    thalweg_tracelog(DEBUG_UNIT, "level %d", 12);
    if (THALWEG_ENABLED("c:nothing", INFO))
        THALWEG_EVENT("c:enabled", INFO, tw_i32(evaluated, evaluate()));
    if (THALWEG_ENABLED("c:nobody", INFO) || THALWEG_ENABLED("c:nothing", ERR))
        THALWEG_EVENT("c:wrong", INFO);
    THALWEG_EVENT("hidden:event", INFO, tw_i32(evaluated, evaluate()));
    THALWEG_EVENT("c:evaluated", INFO, tw_i32(evaluated, evaluated));
}

#define EIGHT(n) \
    tw_u8(n##0, 0), tw_u8(n##1, 1), tw_u8(n##2, 2), tw_u8(n##3, 3), tw_u8(n##4, 4), tw_u8(n##5, 5), \
        tw_u8(n##6, 6), tw_u8(n##7, 7)

int main(void)
{
    integers();
    other_scalars();
    texts();
    many();
    whatever();
    rest();
    THALWEG_EVENT("c:64", INFO, EIGHT(a), EIGHT(b), EIGHT(c), EIGHT(d), EIGHT(e), EIGHT(f), EIGHT(g),
                  EIGHT(h));
    /* No chunk can hold it: counted, and what comes after is not harmed. */
    static const uint8_t large[100000] = { 0 };
    THALWEG_EVENT("c:too-large", INFO, tw_bytes(bytes, large, sizeof large));
    THALWEG_EVENT("c:last", INFO);
    return 0;
}
