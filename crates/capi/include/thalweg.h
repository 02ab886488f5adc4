/* thalweg.h: events of C and C++ programs, for libthalweg.
 *
 *     static const struct thalweg_label payments[] = { { 0, "cash" }, { 1, "card" } };
 *
 *     THALWEG_EVENT("shop:order", INFO, tw_u64(id, order->id), tw_str(customer, order->name),
 *                   tw_seq(prices, u16, order->prices, order->count),
 *                   tw_enum(payment, u8, payments, order->payment));
 *
 * An event has a name, a level, and up to 64 fields, each with a name and an expression. Expressions
 * are evaluated only while a collector wants the event; until then it costs two loads and a branch.
 *
 *     what it is                  field                                       the values' C type
 *     an integer                  tw_i8 tw_i16 tw_i32 tw_i64 (name, expr)     int8_t ...
 *                                 tw_u8 tw_u16 tw_u32 tw_u64 (name, expr)     uint8_t ...
 *     shown in hexadecimal        tw_x8 tw_x16 tw_x32 tw_x64 (name, expr)     uint8_t ...
 *     an address                  tw_ptr(name, expr)                          any pointer
 *     a float                     tw_f32 tw_f64 (name, expr)                  float, double
 *     true or false               tw_bool(name, expr)                         bool
 *     a number with labels        tw_enum(name, type, labels, expr)           type: i8 to i64, u8 to u64
 *     text up to its NUL          tw_str(name, expr)                          const char *, or null
 *     text, perhaps without NUL   tw_strn(name, expr, most)                   const char *, or null
 *     bytes                       tw_bytes(name, pointer, count)              any pointer, or null
 *     a fixed number of values    tw_array(name, type, pointer, constant)     type: i8 ... x64 f32 f64 bool
 *     any number of values        tw_seq(name, type, pointer, count)          as above
 *     whatever it is              tw(name, expr)                              a number, text or an address
 *
 * C11 or later, C++17 or later; gcc and clang; Linux on x86-64 and AArch64. The static data that an
 * event leaves in its module is registered before main, or when the module is loaded, and forgotten
 * when the module is unloaded.
 */
#ifndef THALWEG_H
#define THALWEG_H

#if !defined(__GNUC__) || !(defined(__x86_64__) || defined(__aarch64__)) || !defined(__linux__)
#error "thalweg.h is for gcc and clang, on Linux for x86-64 or AArch64"
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The most bytes of a text; the rest is cut off, between two characters. */
#ifndef THALWEG_STRING_MAX
#define THALWEG_STRING_MAX 32000
#endif

/* The most bytes of a formatted message, and what it takes of the stack. */
#ifndef THALWEG_MESSAGE_MAX
#define THALWEG_MESSAGE_MAX 1024
#endif

/* ------------------------------------------------------------------------------------------------
 * What a program writes
 */

/* An event: THALWEG_EVENT(name, level, fields ...). The levels are LTTng's: EMERG ALERT CRIT ERR
 * WARNING NOTICE INFO DEBUG_SYSTEM DEBUG_PROGRAM DEBUG_PROCESS DEBUG_MODULE DEBUG_UNIT DEBUG_FUNCTION
 * DEBUG_LINE DEBUG. */
#define THALWEG_EVENT(name, ...) THALWEG__EVENT(name, THALWEG__LEVEL_##__VA_ARGS__)

/* Whether a collector wants an event of this name and level, of the same executable or library or
 * one that was loaded before: for what has to be prepared. THALWEG_ENABLED(name, level) */
#define THALWEG_ENABLED(name, level) THALWEG__ENABLED(name, THALWEG__LEVEL_##level)

/* A span: the events NAME_begin, with span_id, parent_span_id (0: none) and the fields, and NAME_end, with
 * span_id. It ends where its scope ends, by return, break, goto or exception. Until then the thread is in it,
 * and what begins on the thread is part of it. The second form names what the span is part of. */
#define THALWEG_SPAN(name, ...) \
    THALWEG__SPAN(thalweg_current_span_0(), name, THALWEG__LEVEL_##__VA_ARGS__)
#define THALWEG_SPAN_IN(parent, name, ...) THALWEG__SPAN(parent, name, THALWEG__LEVEL_##__VA_ARGS__)

/* A span that may move between threads, as a struct thalweg_span of the program's:
 *
 *     THALWEG_SPAN_BEGIN(&span, name, level, fields ...)              once, before all else
 *     THALWEG_SPAN_BEGIN_IN(&span, parent, name, level, fields ...)   the same, as a part of another span
 *     THALWEG_SPAN_ENTER(&span)                                       this thread is in it for this scope
 *     THALWEG_SPAN_END(&span)                                         once, on any thread
 *
 * Beside begin and end it has NAME_enter and NAME_exit, with span_id. Its id is span.begun.id. */
#define THALWEG_SPAN_BEGIN(span, name, ...) \
    THALWEG__SPAN_BEGIN(span, thalweg_current_span_0(), name, THALWEG__LEVEL_##__VA_ARGS__)
#define THALWEG_SPAN_BEGIN_IN(span, parent, name, ...) \
    THALWEG__SPAN_BEGIN(span, parent, name, THALWEG__LEVEL_##__VA_ARGS__)
#define THALWEG_SPAN_ENTER(span) THALWEG__SPAN_ENTER(span, THALWEG__JOIN(thalweg_entered_, __LINE__))
#define THALWEG_SPAN_END(span) thalweg__end_span(span)

/* The id of the span that this thread is in, or 0. */
#define THALWEG_CURRENT_SPAN() thalweg_current_span_0()

/* A formatted message, as LTTng's lttng_ust_tracef:event { msg }. */
#define thalweg_tracef(...) THALWEG__TRACEF(thalweg__tracef, __VA_ARGS__)
#define thalweg_vtracef(format, arguments) THALWEG__TRACEF(thalweg__vtracef, format, arguments)

/* A message with a level, as LTTng's lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_INFO
 * { line, file, func, msg }: thalweg_tracelog(level, format, ...). */
#define thalweg_tracelog(...) THALWEG__TRACELOG(thalweg__tracelog, THALWEG__NAMED_##__VA_ARGS__)
#define thalweg_vtracelog(...) THALWEG__TRACELOG(thalweg__vtracelog, THALWEG__NAMED_##__VA_ARGS__)

/* The program's state, told anew when somebody begins to listen. Both functions say whether it is to
 * be told since the watch was asked last: a recording has begun, a snapshot is about to be taken, or the
 * user wants it. Who asks again has told it: a snapshot waits for that, 50 ms at most. A poll is a few
 * loads; a wait sleeps for so many milliseconds at most, for ever if they are negative.
 *
 *     static struct thalweg_watch watch = THALWEG_WATCH_INIT;
 *
 *     if (thalweg_watch_poll(&watch))
 *         tell_state();
 *
 * A thread that ends, or a module that is unloaded, ends its watch. */
struct thalweg_watch {
    uint64_t seen;
    uint64_t answered;
};
#define THALWEG_WATCH_INIT { 0, 0 }
#define thalweg_watch_poll(watch) thalweg_watch_poll_0(watch)
#define thalweg_watch_wait(watch, milliseconds) thalweg_watch_wait_0(watch, milliseconds)
#define thalweg_watch_end(watch) thalweg_watch_end_0(watch)

/* A context that the program provides for its events: a name, and a function that says what holds now.
 * A recording asks for it by its name, thalweg record --context '$app.shop:tenant', and so do filters.
 * The function is called by each event of such a recording, on the event's thread; what it does not set
 * is none. Where events happen in signal handlers it is called there, too.
 *
 *     static void tell_tenant(void *user, struct thalweg_app_value *value)
 *     {
 *         thalweg_app_value_set_text(value, tenant);
 *     }
 *     static struct thalweg_app_context context = THALWEG_APP_CONTEXT_INIT;
 *
 *     thalweg_app_context_add(&context, "shop", "tenant", tell_tenant, NULL);
 *
 * It is false if the names are not 1 to 63 visible characters each, without colons, if there is such a
 * context, or 64 others. Once it is removed nobody is in the function any more; a module that is
 * unloaded removes its contexts. The setters are thalweg_app_value_set_int, _uint, _float and _text,
 * which copies at most 255 bytes. */
struct thalweg_app_value;
struct thalweg_app_context {
    const void *entry;
};
#define THALWEG_APP_CONTEXT_INIT { 0 }
#define thalweg_app_context_add(context, provider, name, function, user) \
    thalweg_app_context_add_0(context, provider, name, function, user)
#define thalweg_app_context_remove(context) thalweg_app_context_remove_0(context)
#define thalweg_app_value_set_int(value, number) thalweg_app_value_set_int_0(value, number)
#define thalweg_app_value_set_uint(value, number) thalweg_app_value_set_uint_0(value, number)
#define thalweg_app_value_set_float(value, number) thalweg_app_value_set_float_0(value, number)
#define thalweg_app_value_set_text(value, text) thalweg_app_value_set_text_0(value, text)

/* ------------------------------------------------------------------------------------------------
 * What header and library share. Not for direct use, like everything with two underscores.
 */

enum {
    THALWEG_KIND_EVENT = 0,
    THALWEG_KIND_GUARD = 1,

    THALWEG_SHAPE_NUMBER = 1,
    THALWEG_SHAPE_TEXT = 2,
    THALWEG_SHAPE_ARRAY = 3,
    THALWEG_SHAPE_SEQUENCE = 4,

    THALWEG_SCALAR_UNSIGNED = 1,
    THALWEG_SCALAR_SIGNED = 2,
    THALWEG_SCALAR_HEX = 3,
    THALWEG_SCALAR_FLOAT = 4,
    THALWEG_SCALAR_BOOL = 5,
    THALWEG_SCALAR_ENUM_UNSIGNED = 6,
    THALWEG_SCALAR_ENUM_SIGNED = 7
};

/* A number of an enum, and its label. */
struct thalweg_label {
    int64_t number;
    const char *label;
};

struct thalweg_field {
    const char *name;
    const struct thalweg_label *labels;
    uint32_t label_count;
    uint32_t length;
    uint8_t shape;
    uint8_t scalar;
    uint8_t bytes;
    uint8_t reserved;
    uint32_t reserved_too;
};

struct thalweg_site {
    const uint32_t *gate;
    const void *handle;
    const char *name;
    const char *file;
    const struct thalweg_field *fields;
    uint32_t line;
    uint16_t field_count;
    uint8_t level;
    uint8_t kind;
    uint32_t users;
    uint32_t size;
};

/* Bytes of an event: packed values, or what a pointer of the program points to; zeros if null. */
struct thalweg_piece {
    const void *at;
    size_t len;
};

/* A span that has begun, or none: then its id is 0. */
struct thalweg_begun {
    uint64_t id;
    uint64_t origin;
};

/* What was around a thread before it entered a span. */
struct thalweg_place {
    uint64_t before;
    uint64_t depth;
};

/* Where in the code an event is. */
struct thalweg_code_place {
    const struct thalweg_site *site;
    const void *ip;
};

/* A span, and the sites of what happens to it. */
struct thalweg_span {
    struct thalweg_begun begun;
    const struct thalweg_site *end;
    const struct thalweg_site *enter;
    const struct thalweg_site *exit;
};

/* One of each module: the gate of sites that are not registered, and how many of the module's
 * object files are alive. */
struct thalweg_module {
    uint32_t never;
    uint32_t open_files;
};

#ifdef __cplusplus
extern "C" {
#endif

void thalweg_register_0(struct thalweg_site *const *from, struct thalweg_site *const *to);
void thalweg_unregister_0(struct thalweg_site *const *from, struct thalweg_site *const *to);
void thalweg_emit_0(const struct thalweg_site *site, const uint64_t *words, size_t len);
void thalweg_emit_pieces_0(const struct thalweg_site *site, const struct thalweg_piece *pieces, size_t count);
bool thalweg_wants_0(const struct thalweg_site *site);
void thalweg_begin_span_0(struct thalweg_begun *begun, const struct thalweg_site *const *sites, size_t count);
void thalweg_tell_span_0(const struct thalweg_site *site, const struct thalweg_begun *begun);
uint64_t thalweg_current_span_0(void);
void thalweg_enter_span_0(const struct thalweg_begun *begun, struct thalweg_place *place);
void thalweg_leave_span_0(const struct thalweg_place *place);
bool thalweg_watch_poll_0(struct thalweg_watch *watch);
bool thalweg_watch_wait_0(struct thalweg_watch *watch, int64_t milliseconds);
void thalweg_watch_end_0(struct thalweg_watch *watch);
void thalweg_places_0(const struct thalweg_code_place *from, const struct thalweg_code_place *to);
bool thalweg_app_context_add_0(struct thalweg_app_context *context, const char *provider, const char *name,
                               void (*function)(void *user, struct thalweg_app_value *value), void *user);
void thalweg_app_context_remove_0(struct thalweg_app_context *context);
void thalweg_app_value_set_int_0(struct thalweg_app_value *value, int64_t number);
void thalweg_app_value_set_uint_0(struct thalweg_app_value *value, uint64_t number);
void thalweg_app_value_set_float_0(struct thalweg_app_value *value, double number);
void thalweg_app_value_set_text_0(struct thalweg_app_value *value, const char *text);

extern struct thalweg_module thalweg_module_0 __attribute__((weak, visibility("hidden")));
extern struct thalweg_site *__start_thalweg_c_sites[] __attribute__((weak, visibility("hidden")));
extern struct thalweg_site *__stop_thalweg_c_sites[] __attribute__((weak, visibility("hidden")));
extern struct thalweg_code_place __start_thalweg_c_places[] __attribute__((weak, visibility("hidden")));
extern struct thalweg_code_place __stop_thalweg_c_places[] __attribute__((weak, visibility("hidden")));

struct thalweg_module thalweg_module_0 = { 0, 0 };

#ifdef __cplusplus
}
#endif

/* Before the constructors of static objects, and after their destructors. */
__attribute__((constructor(101))) static void thalweg__open(void)
{
    if (thalweg_module_0.open_files++ == 0) {
        thalweg_register_0(__start_thalweg_c_sites, __stop_thalweg_c_sites);
        thalweg_places_0(__start_thalweg_c_places, __stop_thalweg_c_places);
    }
}

__attribute__((destructor(101))) static void thalweg__close(void)
{
    if (--thalweg_module_0.open_files == 0)
        thalweg_unregister_0(__start_thalweg_c_sites, __stop_thalweg_c_sites);
}

#define THALWEG__INLINE __attribute__((always_inline, unused)) static inline
#define THALWEG__COLD __attribute__((cold, noinline, unused)) static

#ifdef __cplusplus
#define THALWEG__CONST static constexpr
#else
#define THALWEG__CONST static const
#endif

/* ------------------------------------------------------------------------------------------------
 * A call site: a static, and a pointer to it in the module's section
 *
 * g++ refuses statics of templates and inline functions beside others in one section (its bug
 * 41091), so that there the assembler writes the pointer. It needs a name that no other module can
 * replace: that of a static in a hidden class.
 */

/* A label, and an entry that says whose it is; it goes where the linker leaves the label's function out. */
#define THALWEG__PLACE_TEXT \
    "2:\n\t" \
    ".pushsection thalweg_c_places,\"aw?\",@progbits\n\t" \
    ".balign 8\n\t" \
    ".quad %c0\n\t" \
    ".quad 2b\n\t" \
    ".popsection"

#if defined(__cplusplus) && !defined(__clang__)
#define THALWEG__PLACE(variable)
#define THALWEG__SITE(variable, ...) \
    struct __attribute__((visibility("hidden"))) variable##_here { \
        __attribute__((always_inline)) static inline struct thalweg_site *site() \
        { \
            static struct thalweg_site here = { __VA_ARGS__ }; \
            __asm__ volatile(".pushsection thalweg_c_sites,\"aw\",@progbits\n\t" \
                             ".balign 8\n\t" \
                             ".quad %c0\n\t" \
                             ".popsection\n" THALWEG__PLACE_TEXT \
                             : \
                             : "i"(&here)); \
            return &here; \
        } \
    }; \
    struct thalweg_site *const variable = variable##_here::site()
#else
/* clang takes no static of an inline function or a template for a constant in code that can lie anywhere:
 * where C++ events of its are is not told. */
#if defined(__cplusplus)
#define THALWEG__PLACE(variable)
#else
#define THALWEG__PLACE(variable) __asm__ volatile(THALWEG__PLACE_TEXT : : "i"(&variable##_here))
#endif
#define THALWEG__SITE(variable, ...) \
    static struct thalweg_site variable##_here = { __VA_ARGS__ }; \
    static struct thalweg_site *variable##_entry __attribute__((section("thalweg_c_sites"), used)) = \
        &variable##_here; \
    struct thalweg_site *const variable = &variable##_here
#endif

#define THALWEG__PARTS(kind, name, level, fields, count, file, line) \
    &thalweg_module_0.never, 0, name, file, fields, line, count, level, kind, 0, \
        (uint32_t)sizeof(struct thalweg_site)

THALWEG__INLINE bool thalweg__is_open(const struct thalweg_site *site)
{
    const uint32_t *gate = __atomic_load_n(&site->gate, __ATOMIC_RELAXED);
    return __builtin_expect(__atomic_load_n(gate, __ATOMIC_RELAXED) != 0, 0);
}

#define THALWEG__EVENT(name, ...) \
    THALWEG__EVENT_OF(name, THALWEG__COUNT(__VA_ARGS__), THALWEG__FIRST(__VA_ARGS__, 0), __VA_ARGS__)

#define THALWEG__EVENT_OF(name, count, level, ...) \
    do { \
        THALWEG__CONST struct thalweg_field thalweg_fields[] = { \
            THALWEG__EACH(count, THALWEG__FIELD, __VA_ARGS__) THALWEG__NO_FIELD \
        }; \
        THALWEG__SITE(thalweg_site, THALWEG__PARTS(THALWEG_KIND_EVENT, name, level, thalweg_fields, \
                                                   count, __FILE__, __LINE__)); \
        if (thalweg__is_open(thalweg_site)) { \
            THALWEG__PLACE(thalweg_site); \
            uint64_t thalweg_words[2 * (count) + 1]; \
            struct thalweg_piece thalweg_pieces[2 * (count) + 1]; \
            struct thalweg__values thalweg_values = \
                THALWEG__NO_VALUES(thalweg_words, thalweg_pieces); \
            thalweg_words[0] = 0; \
            /* One expression, so that what C++ makes on the way lives until all is copied. */ \
            (THALWEG__EACH(count, THALWEG__PUT, __VA_ARGS__) \
                 thalweg__emit(thalweg_site, &thalweg_values, thalweg_words, thalweg_pieces)); \
        } \
    } while (0)

#define THALWEG__ENABLED(name, level) \
    (__extension__({ \
        THALWEG__SITE(thalweg_guard, THALWEG__PARTS(THALWEG_KIND_GUARD, name, level, 0, 0, __FILE__, \
                                                    __LINE__)); \
        thalweg__is_open(thalweg_guard) && thalweg_wants_0(thalweg_guard); \
    }))

/* ------------------------------------------------------------------------------------------------
 * Spans: the begin is an event whose first field takes the id
 */

__attribute__((unused)) THALWEG__CONST struct thalweg_field thalweg__span_id[] = {
    { "span_id", 0, 0, 0, THALWEG_SHAPE_NUMBER, THALWEG_SCALAR_HEX, 8, 0, 0 }
};

#define THALWEG__OF_SPAN(site, name, level) \
    THALWEG__SITE(site, THALWEG__PARTS(THALWEG_KIND_EVENT, name, level, thalweg__span_id, 1, __FILE__, \
                                       __LINE__))

#define THALWEG__AND(field) , field

#define THALWEG__BEGIN(parent, id, name, level, ...) \
    THALWEG__EVENT(name "_begin", level, tw_x64(span_id, id), \
                   tw_x64(parent_span_id, parent) \
                       THALWEG__EACH(THALWEG__COUNT(__VA_ARGS__), THALWEG__AND, __VA_ARGS__))

/* A span of a scope; a null pointer to it is all that there is of one that nobody records. */
struct thalweg__scope {
    struct thalweg_begun begun;
    const struct thalweg_site *end;
    struct thalweg_place place;
};

#define THALWEG__SPAN(parent, name, ...) \
    THALWEG__SPAN_OF(THALWEG__JOIN(thalweg_span_, __LINE__), THALWEG__JOIN(thalweg_scope_, __LINE__), \
                     THALWEG__JOIN(thalweg_end_, __LINE__), parent, name, THALWEG__FIRST(__VA_ARGS__, 0), \
                     __VA_ARGS__)
#define THALWEG__SPAN_OF(span, scope, site, parent, name, level, ...) \
    THALWEG__OF_SPAN(site, name "_end", level); \
    struct thalweg__scope scope; \
    __attribute__((cleanup(thalweg__end_scope), unused)) struct thalweg__scope *span = 0; \
    THALWEG__BEGIN(parent, thalweg__id_of(span = thalweg__begin_scope(&scope, thalweg_site, site)), name, level, \
                   __VA_ARGS__); \
    thalweg__enter_scope(span)

THALWEG__COLD struct thalweg__scope *thalweg__begin_scope(struct thalweg__scope *scope,
                                                          const struct thalweg_site *begin,
                                                          const struct thalweg_site *end)
{
    const struct thalweg_site *const sites[] = { begin, end };
    scope->end = end;
    thalweg_begin_span_0(&scope->begun, sites, 2);
    return scope->begun.id != 0 ? scope : 0;
}

THALWEG__INLINE uint64_t thalweg__id_of(const struct thalweg__scope *scope)
{
    return scope != 0 ? scope->begun.id : 0;
}

THALWEG__INLINE void thalweg__enter_scope(struct thalweg__scope *scope)
{
    if (__builtin_expect(scope != 0, 0))
        thalweg_enter_span_0(&scope->begun, &scope->place);
}

THALWEG__INLINE void thalweg__end_scope(struct thalweg__scope **scope)
{
    if (__builtin_expect(*scope != 0, 0)) {
        thalweg_leave_span_0(&(*scope)->place);
        thalweg_tell_span_0((*scope)->end, &(*scope)->begun);
    }
}

#define THALWEG__SPAN_BEGIN(span, parent, name, ...) \
    THALWEG__SPAN_BEGIN_OF(span, parent, name, THALWEG__FIRST(__VA_ARGS__, 0), __VA_ARGS__)
#define THALWEG__SPAN_BEGIN_OF(span, parent, name, level, ...) \
    do { \
        THALWEG__OF_SPAN(thalweg_end, name "_end", level); \
        THALWEG__OF_SPAN(thalweg_enter, name "_enter", level); \
        THALWEG__OF_SPAN(thalweg_exit, name "_exit", level); \
        struct thalweg_span *const thalweg_span = (span); \
        thalweg_span->begun.id = 0; \
        THALWEG__BEGIN(parent, \
                       thalweg__begin_span(thalweg_span, thalweg_site, thalweg_end, thalweg_enter, \
                                           thalweg_exit), \
                       name, level, __VA_ARGS__); \
    } while (0)

THALWEG__COLD uint64_t thalweg__begin_span(struct thalweg_span *span, const struct thalweg_site *begin,
                                           const struct thalweg_site *end,
                                           const struct thalweg_site *enter,
                                           const struct thalweg_site *exit)
{
    const struct thalweg_site *const sites[] = { begin, end, enter, exit };
    span->end = end;
    span->enter = enter;
    span->exit = exit;
    thalweg_begin_span_0(&span->begun, sites, 4);
    return span->begun.id;
}

THALWEG__INLINE void thalweg__end_span(struct thalweg_span *span)
{
    if (__builtin_expect(span->begun.id != 0, 0)) {
        thalweg_tell_span_0(span->end, &span->begun);
        span->begun.id = 0;
    }
}

/* A thread in a span. */
struct thalweg__entered {
    const struct thalweg_span *span;
    struct thalweg_place place;
};

#define THALWEG__SPAN_ENTER(span, entered) \
    __attribute__((cleanup(thalweg__exit_span), unused)) struct thalweg__entered entered = \
        thalweg__enter_span(span)

THALWEG__INLINE struct thalweg__entered thalweg__enter_span(const struct thalweg_span *span)
{
    struct thalweg__entered entered;
    entered.span = 0;
    if (__builtin_expect(span->begun.id != 0, 0)) {
        entered.span = span;
        thalweg_enter_span_0(&span->begun, &entered.place);
        thalweg_tell_span_0(span->enter, &span->begun);
    }
    return entered;
}

THALWEG__INLINE void thalweg__exit_span(struct thalweg__entered *entered)
{
    if (__builtin_expect(entered->span != 0, 0)) {
        thalweg_tell_span_0(entered->span->exit, &entered->span->begun);
        thalweg_leave_span_0(&entered->place);
    }
}

/* ------------------------------------------------------------------------------------------------
 * Fields: what the static says of them
 */

#define THALWEG__FIELD(field) THALWEG__FIELD_##field,
#define THALWEG__NO_FIELD { 0, 0, 0, 0, 0, 0, 0, 0, 0 }

#define THALWEG__ONE(name, scalar, bytes) { name, 0, 0, 0, THALWEG_SHAPE_NUMBER, scalar, bytes, 0, 0 }
#define THALWEG__TEXT(name) { name, 0, 0, 0, THALWEG_SHAPE_TEXT, 0, 0, 0, 0 }
#define THALWEG__MANY(name, shape, type, length) \
    { name, 0, 0, length, shape, THALWEG__SCALAR_##type, THALWEG__BYTES_##type, 0, 0 }

#define THALWEG__SCALAR_i8 THALWEG_SCALAR_SIGNED
#define THALWEG__SCALAR_i16 THALWEG_SCALAR_SIGNED
#define THALWEG__SCALAR_i32 THALWEG_SCALAR_SIGNED
#define THALWEG__SCALAR_i64 THALWEG_SCALAR_SIGNED
#define THALWEG__SCALAR_u8 THALWEG_SCALAR_UNSIGNED
#define THALWEG__SCALAR_u16 THALWEG_SCALAR_UNSIGNED
#define THALWEG__SCALAR_u32 THALWEG_SCALAR_UNSIGNED
#define THALWEG__SCALAR_u64 THALWEG_SCALAR_UNSIGNED
#define THALWEG__SCALAR_x8 THALWEG_SCALAR_HEX
#define THALWEG__SCALAR_x16 THALWEG_SCALAR_HEX
#define THALWEG__SCALAR_x32 THALWEG_SCALAR_HEX
#define THALWEG__SCALAR_x64 THALWEG_SCALAR_HEX
#define THALWEG__SCALAR_f32 THALWEG_SCALAR_FLOAT
#define THALWEG__SCALAR_f64 THALWEG_SCALAR_FLOAT
#define THALWEG__SCALAR_bool THALWEG_SCALAR_BOOL
#define THALWEG__SCALAR__Bool THALWEG_SCALAR_BOOL /* what <stdbool.h> makes of bool */
#define THALWEG__BYTES_i8 1
#define THALWEG__BYTES_i16 2
#define THALWEG__BYTES_i32 4
#define THALWEG__BYTES_i64 8
#define THALWEG__BYTES_u8 1
#define THALWEG__BYTES_u16 2
#define THALWEG__BYTES_u32 4
#define THALWEG__BYTES_u64 8
#define THALWEG__BYTES_x8 1
#define THALWEG__BYTES_x16 2
#define THALWEG__BYTES_x32 4
#define THALWEG__BYTES_x64 8
#define THALWEG__BYTES_f32 4
#define THALWEG__BYTES_f64 8
#define THALWEG__BYTES_bool 1
#define THALWEG__BYTES__Bool 1
#define THALWEG__FIELD_tw_i8(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_SIGNED, 1)
#define THALWEG__FIELD_tw_i16(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_SIGNED, 2)
#define THALWEG__FIELD_tw_i32(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_SIGNED, 4)
#define THALWEG__FIELD_tw_i64(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_SIGNED, 8)
#define THALWEG__FIELD_tw_u8(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_UNSIGNED, 1)
#define THALWEG__FIELD_tw_u16(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_UNSIGNED, 2)
#define THALWEG__FIELD_tw_u32(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_UNSIGNED, 4)
#define THALWEG__FIELD_tw_u64(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_UNSIGNED, 8)
#define THALWEG__FIELD_tw_x8(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_HEX, 1)
#define THALWEG__FIELD_tw_x16(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_HEX, 2)
#define THALWEG__FIELD_tw_x32(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_HEX, 4)
#define THALWEG__FIELD_tw_x64(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_HEX, 8)
#define THALWEG__FIELD_tw_f32(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_FLOAT, 4)
#define THALWEG__FIELD_tw_f64(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_FLOAT, 8)
#define THALWEG__FIELD_tw_bool(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_BOOL, 1)
#define THALWEG__ENUM_i8 THALWEG_SCALAR_ENUM_SIGNED
#define THALWEG__ENUM_i16 THALWEG_SCALAR_ENUM_SIGNED
#define THALWEG__ENUM_i32 THALWEG_SCALAR_ENUM_SIGNED
#define THALWEG__ENUM_i64 THALWEG_SCALAR_ENUM_SIGNED
#define THALWEG__ENUM_u8 THALWEG_SCALAR_ENUM_UNSIGNED
#define THALWEG__ENUM_u16 THALWEG_SCALAR_ENUM_UNSIGNED
#define THALWEG__ENUM_u32 THALWEG_SCALAR_ENUM_UNSIGNED
#define THALWEG__ENUM_u64 THALWEG_SCALAR_ENUM_UNSIGNED

#define THALWEG__FIELD_tw_ptr(name, value) THALWEG__ONE(#name, THALWEG_SCALAR_HEX, 8)
#define THALWEG__FIELD_tw_enum(name, type, words, value) \
    { #name, words, sizeof(words) / sizeof((words)[0]), 0, THALWEG_SHAPE_NUMBER, THALWEG__ENUM_##type, \
      THALWEG__BYTES_##type, 0, 0 }
#define THALWEG__FIELD_tw_str(name, value) THALWEG__TEXT(#name)
#define THALWEG__FIELD_tw_strn(name, value, most) THALWEG__TEXT(#name)
#define THALWEG__FIELD_tw_bytes(name, at, count) THALWEG__MANY(#name, THALWEG_SHAPE_SEQUENCE, u8, 0)
#define THALWEG__FIELD_tw_seq(name, type, at, count) \
    THALWEG__MANY(#name, THALWEG_SHAPE_SEQUENCE, type, 0)
#define THALWEG__FIELD_tw_array(name, type, at, count) \
    THALWEG__MANY(#name, THALWEG_SHAPE_ARRAY, type, count)

/* ------------------------------------------------------------------------------------------------
 * Fields: their values
 *
 *     words   | run: numbers, packed, as they are in the trace | run, from a new word on | ...
 *     pieces  | run | text | run | ...                          only if there is more than one run
 *
 * Numbers are put together in a register, not in memory: to load a word that was stored in parts
 * takes as long as half of an event. All of this is folded at compile time, but for the values.
 */

struct thalweg__values {
    uint64_t *run;
    uint64_t *next;
    uint64_t pending;
    unsigned pending_bits;
    size_t run_len;
    struct thalweg_piece *piece;
};

#define THALWEG__NO_VALUES(words, pieces) { words, words, 0, 0, 0, pieces }

THALWEG__INLINE void thalweg__put(struct thalweg__values *values, uint64_t word, unsigned bytes)
{
    unsigned bits = values->pending_bits;
    values->pending |= word << bits;
    values->pending_bits = bits + 8 * bytes;
    values->run_len += bytes;
    if (bits + 8 * bytes >= 64) {
        *values->next++ = values->pending;
        values->pending = bits == 0 ? 0 : word >> (64 - bits);
        values->pending_bits -= 64;
    }
}

THALWEG__INLINE void thalweg__end_run(struct thalweg__values *values)
{
    if (values->pending_bits > 0)
        *values->next++ = values->pending;
}

THALWEG__INLINE void thalweg__put_run(struct thalweg__values *values)
{
    thalweg__end_run(values);
    if (values->run_len > 0) {
        values->piece->at = values->run;
        values->piece->len = values->run_len;
        values->piece++;
    }
    values->run = values->next;
    values->pending = 0;
    values->pending_bits = 0;
    values->run_len = 0;
}

THALWEG__INLINE void thalweg__put_piece(struct thalweg__values *values, const void *at, size_t len)
{
    thalweg__put_run(values);
    values->piece->at = at;
    values->piece->len = len;
    values->piece++;
}

THALWEG__INLINE void thalweg__emit(const struct thalweg_site *site, struct thalweg__values *values,
                                   const uint64_t *words, const struct thalweg_piece *pieces)
{
    if (values->piece == pieces) {
        thalweg__end_run(values);
        thalweg_emit_0(site, words, values->run_len);
    } else {
        thalweg__put_run(values);
        thalweg_emit_pieces_0(site, pieces, (size_t)(values->piece - pieces));
    }
}

#define THALWEG__PUT(field) THALWEG__PUT_##field,

THALWEG__INLINE void thalweg__put_i8(struct thalweg__values *values, int8_t value)
{
    thalweg__put(values, (uint8_t)value, 1);
}
THALWEG__INLINE void thalweg__put_i16(struct thalweg__values *values, int16_t value)
{
    thalweg__put(values, (uint16_t)value, 2);
}
THALWEG__INLINE void thalweg__put_i32(struct thalweg__values *values, int32_t value)
{
    thalweg__put(values, (uint32_t)value, 4);
}
THALWEG__INLINE void thalweg__put_i64(struct thalweg__values *values, int64_t value)
{
    thalweg__put(values, (uint64_t)value, 8);
}
THALWEG__INLINE void thalweg__put_u8(struct thalweg__values *values, uint8_t value)
{
    thalweg__put(values, value, 1);
}
THALWEG__INLINE void thalweg__put_u16(struct thalweg__values *values, uint16_t value)
{
    thalweg__put(values, value, 2);
}
THALWEG__INLINE void thalweg__put_u32(struct thalweg__values *values, uint32_t value)
{
    thalweg__put(values, value, 4);
}
THALWEG__INLINE void thalweg__put_u64(struct thalweg__values *values, uint64_t value)
{
    thalweg__put(values, value, 8);
}
THALWEG__INLINE void thalweg__put_f32(struct thalweg__values *values, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    thalweg__put(values, bits, 4);
}
THALWEG__INLINE void thalweg__put_f64(struct thalweg__values *values, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    thalweg__put(values, bits, 8);
}
THALWEG__INLINE void thalweg__put_bool(struct thalweg__values *values, bool value)
{
    thalweg__put(values, value ? 1 : 0, 1);
}
#define THALWEG__PUT_tw_i8(name, value) thalweg__put_i8(&thalweg_values, value)
#define THALWEG__PUT_tw_i16(name, value) thalweg__put_i16(&thalweg_values, value)
#define THALWEG__PUT_tw_i32(name, value) thalweg__put_i32(&thalweg_values, value)
#define THALWEG__PUT_tw_i64(name, value) thalweg__put_i64(&thalweg_values, value)
#define THALWEG__PUT_tw_u8(name, value) thalweg__put_u8(&thalweg_values, value)
#define THALWEG__PUT_tw_u16(name, value) thalweg__put_u16(&thalweg_values, value)
#define THALWEG__PUT_tw_u32(name, value) thalweg__put_u32(&thalweg_values, value)
#define THALWEG__PUT_tw_u64(name, value) thalweg__put_u64(&thalweg_values, value)
#define THALWEG__PUT_tw_x8(name, value) thalweg__put_u8(&thalweg_values, value)
#define THALWEG__PUT_tw_x16(name, value) thalweg__put_u16(&thalweg_values, value)
#define THALWEG__PUT_tw_x32(name, value) thalweg__put_u32(&thalweg_values, value)
#define THALWEG__PUT_tw_x64(name, value) thalweg__put_u64(&thalweg_values, value)
#define THALWEG__PUT_tw_f32(name, value) thalweg__put_f32(&thalweg_values, value)
#define THALWEG__PUT_tw_f64(name, value) thalweg__put_f64(&thalweg_values, value)
#define THALWEG__PUT_tw_bool(name, value) thalweg__put_bool(&thalweg_values, value)

THALWEG__INLINE void thalweg__put_ptr(struct thalweg__values *values, const volatile void *value)
{
    thalweg__put(values, (uint64_t)(uintptr_t)value, 8);
}

/* So much of the text that its last character is whole. */
THALWEG__COLD size_t thalweg__whole(const char *text, size_t len)
{
    size_t begin = len;
    while (begin > 0 && len - begin < 3 && ((unsigned char)text[begin - 1] & 0xc0) == 0x80)
        begin--;
    if (begin == 0)
        return len;
    unsigned char lead = (unsigned char)text[begin - 1];
    size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return needs > len - begin + 1 ? begin - 1 : len;
}

THALWEG__INLINE void thalweg__put_text(struct thalweg__values *values, const char *text, size_t len)
{
    thalweg__put_piece(values, text, len);
    thalweg__put(values, 0, 1);
}

THALWEG__INLINE void thalweg__put_str(struct thalweg__values *values, const char *text)
{
    if (text == NULL)
        text = "(null)";
    size_t len = strlen(text);
    if (__builtin_expect(len > THALWEG_STRING_MAX, 0))
        len = thalweg__whole(text, THALWEG_STRING_MAX);
    thalweg__put_text(values, text, len);
}

/* No warning: it reads only up to the NUL, as memchr does. */
THALWEG__INLINE size_t thalweg__find_nul(const char *text, size_t most)
{
    __asm__("" : "+r"(text));
    const void *nul = memchr(text, 0, most);
    return nul == NULL ? most : (size_t)((const char *)nul - text);
}

THALWEG__INLINE void thalweg__put_strn(struct thalweg__values *values, const char *text, size_t most)
{
    size_t len = 6;
    if (text == NULL) {
        text = "(null)";
    } else {
        if (most > THALWEG_STRING_MAX)
            most = THALWEG_STRING_MAX;
        len = thalweg__find_nul(text, most);
        if (__builtin_expect(len == most, 0))
            len = thalweg__whole(text, len);
    }
    thalweg__put_text(values, text, len);
}

THALWEG__INLINE void thalweg__put_seq(struct thalweg__values *values, const void *at, size_t count,
                                      size_t bytes)
{
    if (at == NULL)
        count = 0;
    if (count > UINT32_MAX)
        count = UINT32_MAX;
    thalweg__put(values, count, 4);
    thalweg__put_piece(values, at, count * bytes);
}

THALWEG__INLINE void thalweg__put_array(struct thalweg__values *values, const void *at, size_t count,
                                        size_t bytes)
{
    thalweg__put_piece(values, at, count * bytes);
}

/* The compiler checks here what a pointer points to. */
THALWEG__INLINE const int8_t *thalweg__many_i8(const int8_t *at)
{
    return at;
}
THALWEG__INLINE const int16_t *thalweg__many_i16(const int16_t *at)
{
    return at;
}
THALWEG__INLINE const int32_t *thalweg__many_i32(const int32_t *at)
{
    return at;
}
THALWEG__INLINE const int64_t *thalweg__many_i64(const int64_t *at)
{
    return at;
}
THALWEG__INLINE const uint8_t *thalweg__many_u8(const uint8_t *at)
{
    return at;
}
THALWEG__INLINE const uint16_t *thalweg__many_u16(const uint16_t *at)
{
    return at;
}
THALWEG__INLINE const uint32_t *thalweg__many_u32(const uint32_t *at)
{
    return at;
}
THALWEG__INLINE const uint64_t *thalweg__many_u64(const uint64_t *at)
{
    return at;
}
THALWEG__INLINE const uint8_t *thalweg__many_x8(const uint8_t *at)
{
    return at;
}
THALWEG__INLINE const uint16_t *thalweg__many_x16(const uint16_t *at)
{
    return at;
}
THALWEG__INLINE const uint32_t *thalweg__many_x32(const uint32_t *at)
{
    return at;
}
THALWEG__INLINE const uint64_t *thalweg__many_x64(const uint64_t *at)
{
    return at;
}
THALWEG__INLINE const float *thalweg__many_f32(const float *at)
{
    return at;
}
THALWEG__INLINE const double *thalweg__many_f64(const double *at)
{
    return at;
}
THALWEG__INLINE const bool *thalweg__many_bool(const bool *at)
{
    return at;
}
#define thalweg__many__Bool thalweg__many_bool

#define THALWEG__PUT_tw_ptr(name, value) thalweg__put_ptr(&thalweg_values, value)
#define THALWEG__PUT_tw_enum(name, type, words, value) thalweg__put_##type(&thalweg_values, value)
#define THALWEG__PUT_tw_str(name, value) thalweg__put_str(&thalweg_values, value)
#define THALWEG__PUT_tw_strn(name, value, most) thalweg__put_strn(&thalweg_values, value, most)
#define THALWEG__PUT_tw_bytes(name, at, count) thalweg__put_seq(&thalweg_values, at, count, 1)
#define THALWEG__PUT_tw_seq(name, type, at, count) \
    thalweg__put_seq(&thalweg_values, thalweg__many_##type(at), count, THALWEG__BYTES_##type)
#define THALWEG__PUT_tw_array(name, type, at, count) \
    thalweg__put_array(&thalweg_values, thalweg__many_##type(at), count, THALWEG__BYTES_##type)

/* ------------------------------------------------------------------------------------------------
 * tw(name, expr): the type is the expression's
 */

#ifndef __cplusplus

#define THALWEG__BY_TYPE(value, text, boolean, i1, i2, i4, i8, u1, u2, u4, u8, f4, f8, other) \
    _Generic((value), char *: text, const char *: text, bool: boolean, char: i1, signed char: i1, \
             short: i2, int: i4, long: i8, long long: i8, unsigned char: u1, unsigned short: u2, \
             unsigned int: u4, unsigned long: u8, unsigned long long: u8, float: f4, double: f8, \
             default: other)

#define THALWEG__FIELD_tw(name, value) \
    { #name, 0, 0, 0, \
      THALWEG__BY_TYPE(value, THALWEG_SHAPE_TEXT, THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, \
                       THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, \
                       THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, \
                       THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, THALWEG_SHAPE_NUMBER, \
                       THALWEG_SHAPE_NUMBER), \
      THALWEG__BY_TYPE(value, 0, THALWEG_SCALAR_BOOL, THALWEG_SCALAR_SIGNED, THALWEG_SCALAR_SIGNED, \
                       THALWEG_SCALAR_SIGNED, THALWEG_SCALAR_SIGNED, THALWEG_SCALAR_UNSIGNED, \
                       THALWEG_SCALAR_UNSIGNED, THALWEG_SCALAR_UNSIGNED, THALWEG_SCALAR_UNSIGNED, \
                       THALWEG_SCALAR_FLOAT, THALWEG_SCALAR_FLOAT, THALWEG_SCALAR_HEX), \
      THALWEG__BY_TYPE(value, 0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 8), 0, 0 }

#define THALWEG__PUT_tw(name, value) \
    THALWEG__BY_TYPE(value, thalweg__put_str, thalweg__put_bool, thalweg__put_i8, thalweg__put_i16, \
                     thalweg__put_i32, thalweg__put_i64, thalweg__put_u8, thalweg__put_u16, \
                     thalweg__put_u32, thalweg__put_u64, thalweg__put_f32, thalweg__put_f64, \
                     thalweg__put_ptr)(&thalweg_values, value)

#else

/* Text that knows its length: std::string, std::string_view and their like. */
template <class Text>
THALWEG__INLINE auto thalweg__put_str(struct thalweg__values *values, const Text &text)
    -> decltype(static_cast<const char *>(text.data()), static_cast<size_t>(text.size()), void())
{
    thalweg__put_strn(values, text.data(), text.size());
}

#define THALWEG__MEMBER __attribute__((always_inline)) static inline void

namespace thalweg_detail {

template <class T> T value_of(T);

template <class T, bool = __is_enum(T)> struct type_of {
    static constexpr uint8_t shape = THALWEG_SHAPE_TEXT, scalar = 0, bytes = 0;
    THALWEG__MEMBER put(struct thalweg__values *values, const T &text) { thalweg__put_str(values, text); }
};

template <class T> struct type_of<T, true> : type_of<__underlying_type(T)> {
    THALWEG__MEMBER put(struct thalweg__values *values, T value)
    {
        type_of<__underlying_type(T)>::put(values, static_cast<__underlying_type(T)>(value));
    }
};

template <class T> struct type_of<T *, false> {
    static constexpr uint8_t shape = THALWEG_SHAPE_NUMBER, scalar = THALWEG_SCALAR_HEX, bytes = 8;
    THALWEG__MEMBER put(struct thalweg__values *values, const volatile T *value)
    {
        thalweg__put_ptr(values, value);
    }
};

template <> struct type_of<const char *, false> {
    static constexpr uint8_t shape = THALWEG_SHAPE_TEXT, scalar = 0, bytes = 0;
    THALWEG__MEMBER put(struct thalweg__values *values, const char *text) { thalweg__put_str(values, text); }
};

template <> struct type_of<char *, false> : type_of<const char *, false> {};

#define THALWEG__TYPE(type, kind, function) \
    template <> struct type_of<type, false> { \
        static constexpr uint8_t shape = THALWEG_SHAPE_NUMBER, scalar = kind, bytes = sizeof(type); \
        THALWEG__MEMBER put(struct thalweg__values *values, type value) { function(values, value); } \
    };
THALWEG__TYPE(bool, THALWEG_SCALAR_BOOL, thalweg__put_bool)
THALWEG__TYPE(char, THALWEG_SCALAR_SIGNED, thalweg__put_i8)
THALWEG__TYPE(signed char, THALWEG_SCALAR_SIGNED, thalweg__put_i8)
THALWEG__TYPE(short, THALWEG_SCALAR_SIGNED, thalweg__put_i16)
THALWEG__TYPE(int, THALWEG_SCALAR_SIGNED, thalweg__put_i32)
THALWEG__TYPE(long, THALWEG_SCALAR_SIGNED, thalweg__put_i64)
THALWEG__TYPE(long long, THALWEG_SCALAR_SIGNED, thalweg__put_i64)
THALWEG__TYPE(unsigned char, THALWEG_SCALAR_UNSIGNED, thalweg__put_u8)
THALWEG__TYPE(unsigned short, THALWEG_SCALAR_UNSIGNED, thalweg__put_u16)
THALWEG__TYPE(unsigned int, THALWEG_SCALAR_UNSIGNED, thalweg__put_u32)
THALWEG__TYPE(unsigned long, THALWEG_SCALAR_UNSIGNED, thalweg__put_u64)
THALWEG__TYPE(unsigned long long, THALWEG_SCALAR_UNSIGNED, thalweg__put_u64)
THALWEG__TYPE(float, THALWEG_SCALAR_FLOAT, thalweg__put_f32)
THALWEG__TYPE(double, THALWEG_SCALAR_FLOAT, thalweg__put_f64)
#undef THALWEG__TYPE
#undef THALWEG__MEMBER

} /* namespace thalweg_detail */

#define THALWEG__TYPE_OF(value) \
    thalweg_detail::type_of<decltype(thalweg_detail::value_of(value))>
#define THALWEG__FIELD_tw(name, value) \
    { #name, nullptr, 0, 0, THALWEG__TYPE_OF(value)::shape, THALWEG__TYPE_OF(value)::scalar, \
      THALWEG__TYPE_OF(value)::bytes, 0, 0 }
#define THALWEG__PUT_tw(name, value) THALWEG__TYPE_OF(value)::put(&thalweg_values, value)

#endif

/* ------------------------------------------------------------------------------------------------
 * Formatted messages. All places of a program are one event: not one in each line of the source.
 */

#define THALWEG__TRACEF(function, ...) \
    do { \
        THALWEG__CONST struct thalweg_field thalweg_fields[] = { THALWEG__TEXT("msg") }; \
        THALWEG__SITE(thalweg_site, THALWEG__PARTS(THALWEG_KIND_EVENT, "lttng_ust_tracef:event", \
                                                   THALWEG__LEVEL_DEBUG, thalweg_fields, 1, "", 0)); \
        if (thalweg__is_open(thalweg_site)) { \
            THALWEG__PLACE(thalweg_site); \
            function(thalweg_site, __VA_ARGS__); \
        } \
    } while (0)

#define THALWEG__TRACELOG(function, ...) THALWEG__TRACELOG_OF(function, __VA_ARGS__)
#define THALWEG__TRACELOG_OF(function, name, level, ...) \
    do { \
        THALWEG__CONST struct thalweg_field thalweg_fields[] = { \
            THALWEG__ONE("line", THALWEG_SCALAR_SIGNED, 4), THALWEG__TEXT("file"), \
            THALWEG__TEXT("func"), THALWEG__TEXT("msg") \
        }; \
        THALWEG__SITE(thalweg_site, \
                      THALWEG__PARTS(THALWEG_KIND_EVENT, \
                                     "lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_" name, level, \
                                     thalweg_fields, 4, "", 0)); \
        if (thalweg__is_open(thalweg_site)) { \
            THALWEG__PLACE(thalweg_site); \
            function(thalweg_site, __FILE__, __LINE__, __func__, __VA_ARGS__); \
        } \
    } while (0)

__attribute__((format(printf, 4, 0))) THALWEG__COLD void
thalweg__message(const struct thalweg_site *site, struct thalweg__values *values,
                 const struct thalweg_piece *pieces, const char *format, va_list arguments)
{
    char message[THALWEG_MESSAGE_MAX];
    int before = errno;
    int wanted = vsnprintf(message, sizeof message, format, arguments);
    errno = before;
    size_t len = wanted < 0 ? 0 : (size_t)wanted;
    if (len >= sizeof message)
        len = thalweg__whole(message, sizeof message - 1);
    thalweg__put_text(values, message, len);
    thalweg__put_run(values);
    thalweg_emit_pieces_0(site, pieces, (size_t)(values->piece - pieces));
}

__attribute__((format(printf, 2, 0))) THALWEG__COLD void
thalweg__vtracef(const struct thalweg_site *site, const char *format, va_list arguments)
{
    uint64_t words[1];
    struct thalweg_piece pieces[2] = { { NULL, 0 }, { NULL, 0 } };
    struct thalweg__values values = THALWEG__NO_VALUES(words, pieces);
    thalweg__message(site, &values, pieces, format, arguments);
}

__attribute__((format(printf, 2, 3))) THALWEG__COLD void
thalweg__tracef(const struct thalweg_site *site, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    thalweg__vtracef(site, format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 5, 0))) THALWEG__COLD void
thalweg__vtracelog(const struct thalweg_site *site, const char *file, int line, const char *function,
                   const char *format, va_list arguments)
{
    uint64_t words[4];
    struct thalweg_piece pieces[7] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 },
                                       { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
    struct thalweg__values values = THALWEG__NO_VALUES(words, pieces);
    thalweg__put_i32(&values, line);
    thalweg__put_str(&values, file);
    thalweg__put_str(&values, function);
    thalweg__message(site, &values, pieces, format, arguments);
}

__attribute__((format(printf, 5, 6))) THALWEG__COLD void
thalweg__tracelog(const struct thalweg_site *site, const char *file, int line, const char *function,
                  const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    thalweg__vtracelog(site, file, line, function, format, arguments);
    va_end(arguments);
}

/* ------------------------------------------------------------------------------------------------
 * Levels. The macros above paste them before anything is expanded: a program may define DEBUG.
 */

#define THALWEG__LEVEL_EMERG 0
#define THALWEG__LEVEL_ALERT 1
#define THALWEG__LEVEL_CRIT 2
#define THALWEG__LEVEL_ERR 3
#define THALWEG__LEVEL_WARNING 4
#define THALWEG__LEVEL_NOTICE 5
#define THALWEG__LEVEL_INFO 6
#define THALWEG__LEVEL_DEBUG_SYSTEM 7
#define THALWEG__LEVEL_DEBUG_PROGRAM 8
#define THALWEG__LEVEL_DEBUG_PROCESS 9
#define THALWEG__LEVEL_DEBUG_MODULE 10
#define THALWEG__LEVEL_DEBUG_UNIT 11
#define THALWEG__LEVEL_DEBUG_FUNCTION 12
#define THALWEG__LEVEL_DEBUG_LINE 13
#define THALWEG__LEVEL_DEBUG 14
#define THALWEG__NAMED_EMERG "EMERG", 0
#define THALWEG__NAMED_ALERT "ALERT", 1
#define THALWEG__NAMED_CRIT "CRIT", 2
#define THALWEG__NAMED_ERR "ERR", 3
#define THALWEG__NAMED_WARNING "WARNING", 4
#define THALWEG__NAMED_NOTICE "NOTICE", 5
#define THALWEG__NAMED_INFO "INFO", 6
#define THALWEG__NAMED_DEBUG_SYSTEM "DEBUG_SYSTEM", 7
#define THALWEG__NAMED_DEBUG_PROGRAM "DEBUG_PROGRAM", 8
#define THALWEG__NAMED_DEBUG_PROCESS "DEBUG_PROCESS", 9
#define THALWEG__NAMED_DEBUG_MODULE "DEBUG_MODULE", 10
#define THALWEG__NAMED_DEBUG_UNIT "DEBUG_UNIT", 11
#define THALWEG__NAMED_DEBUG_FUNCTION "DEBUG_FUNCTION", 12
#define THALWEG__NAMED_DEBUG_LINE "DEBUG_LINE", 13
#define THALWEG__NAMED_DEBUG "DEBUG", 14

/* ------------------------------------------------------------------------------------------------
 * A macro for each of up to 64 fields. The level stands before the fields, so that no list is empty.
 */

#define THALWEG__JOIN(a, b) THALWEG__JOIN_OF(a, b)
#define THALWEG__JOIN_OF(a, b) a##b
#define THALWEG__FIRST(first, ...) first

#define THALWEG__COUNT(...) \
    THALWEG__COUNT_OF(__VA_ARGS__, THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, \
                      THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, \
                      THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, \
                      THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, THALWEG__TOO_MANY, \
                      64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, \
                      45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, \
                      26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, \
                      6, 5, 4, 3, 2, 1, 0, 0)
#define THALWEG__COUNT_OF(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, \
                          a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, \
                          a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, a44, a45, a46, \
                          a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, \
                          a62, a63, a64, a65, a66, a67, a68, a69, a70, a71, a72, a73, a74, a75, a76, \
                          a77, a78, a79, a80, count, ...) \
    count

#define THALWEG__TOO_MANY an_event_has_at_most_64_fields
#define THALWEG__EACH(count, macro, ...) THALWEG__JOIN(THALWEG__EACH_, count)(macro, __VA_ARGS__)
#define THALWEG__EACH_an_event_has_at_most_64_fields(macro, ...) an_event_has_at_most_64_fields,
#define THALWEG__EACH_0(macro, level)
#define THALWEG__EACH_1(macro, level, field) macro(field)
#define THALWEG__EACH_2(macro, level, field, ...) macro(field) THALWEG__EACH_1(macro, level, __VA_ARGS__)
#define THALWEG__EACH_3(macro, level, field, ...) macro(field) THALWEG__EACH_2(macro, level, __VA_ARGS__)
#define THALWEG__EACH_4(macro, level, field, ...) macro(field) THALWEG__EACH_3(macro, level, __VA_ARGS__)
#define THALWEG__EACH_5(macro, level, field, ...) macro(field) THALWEG__EACH_4(macro, level, __VA_ARGS__)
#define THALWEG__EACH_6(macro, level, field, ...) macro(field) THALWEG__EACH_5(macro, level, __VA_ARGS__)
#define THALWEG__EACH_7(macro, level, field, ...) macro(field) THALWEG__EACH_6(macro, level, __VA_ARGS__)
#define THALWEG__EACH_8(macro, level, field, ...) macro(field) THALWEG__EACH_7(macro, level, __VA_ARGS__)
#define THALWEG__EACH_9(macro, level, field, ...) macro(field) THALWEG__EACH_8(macro, level, __VA_ARGS__)
#define THALWEG__EACH_10(macro, level, field, ...) macro(field) THALWEG__EACH_9(macro, level, __VA_ARGS__)
#define THALWEG__EACH_11(macro, level, field, ...) macro(field) THALWEG__EACH_10(macro, level, __VA_ARGS__)
#define THALWEG__EACH_12(macro, level, field, ...) macro(field) THALWEG__EACH_11(macro, level, __VA_ARGS__)
#define THALWEG__EACH_13(macro, level, field, ...) macro(field) THALWEG__EACH_12(macro, level, __VA_ARGS__)
#define THALWEG__EACH_14(macro, level, field, ...) macro(field) THALWEG__EACH_13(macro, level, __VA_ARGS__)
#define THALWEG__EACH_15(macro, level, field, ...) macro(field) THALWEG__EACH_14(macro, level, __VA_ARGS__)
#define THALWEG__EACH_16(macro, level, field, ...) macro(field) THALWEG__EACH_15(macro, level, __VA_ARGS__)
#define THALWEG__EACH_17(macro, level, field, ...) macro(field) THALWEG__EACH_16(macro, level, __VA_ARGS__)
#define THALWEG__EACH_18(macro, level, field, ...) macro(field) THALWEG__EACH_17(macro, level, __VA_ARGS__)
#define THALWEG__EACH_19(macro, level, field, ...) macro(field) THALWEG__EACH_18(macro, level, __VA_ARGS__)
#define THALWEG__EACH_20(macro, level, field, ...) macro(field) THALWEG__EACH_19(macro, level, __VA_ARGS__)
#define THALWEG__EACH_21(macro, level, field, ...) macro(field) THALWEG__EACH_20(macro, level, __VA_ARGS__)
#define THALWEG__EACH_22(macro, level, field, ...) macro(field) THALWEG__EACH_21(macro, level, __VA_ARGS__)
#define THALWEG__EACH_23(macro, level, field, ...) macro(field) THALWEG__EACH_22(macro, level, __VA_ARGS__)
#define THALWEG__EACH_24(macro, level, field, ...) macro(field) THALWEG__EACH_23(macro, level, __VA_ARGS__)
#define THALWEG__EACH_25(macro, level, field, ...) macro(field) THALWEG__EACH_24(macro, level, __VA_ARGS__)
#define THALWEG__EACH_26(macro, level, field, ...) macro(field) THALWEG__EACH_25(macro, level, __VA_ARGS__)
#define THALWEG__EACH_27(macro, level, field, ...) macro(field) THALWEG__EACH_26(macro, level, __VA_ARGS__)
#define THALWEG__EACH_28(macro, level, field, ...) macro(field) THALWEG__EACH_27(macro, level, __VA_ARGS__)
#define THALWEG__EACH_29(macro, level, field, ...) macro(field) THALWEG__EACH_28(macro, level, __VA_ARGS__)
#define THALWEG__EACH_30(macro, level, field, ...) macro(field) THALWEG__EACH_29(macro, level, __VA_ARGS__)
#define THALWEG__EACH_31(macro, level, field, ...) macro(field) THALWEG__EACH_30(macro, level, __VA_ARGS__)
#define THALWEG__EACH_32(macro, level, field, ...) macro(field) THALWEG__EACH_31(macro, level, __VA_ARGS__)
#define THALWEG__EACH_33(macro, level, field, ...) macro(field) THALWEG__EACH_32(macro, level, __VA_ARGS__)
#define THALWEG__EACH_34(macro, level, field, ...) macro(field) THALWEG__EACH_33(macro, level, __VA_ARGS__)
#define THALWEG__EACH_35(macro, level, field, ...) macro(field) THALWEG__EACH_34(macro, level, __VA_ARGS__)
#define THALWEG__EACH_36(macro, level, field, ...) macro(field) THALWEG__EACH_35(macro, level, __VA_ARGS__)
#define THALWEG__EACH_37(macro, level, field, ...) macro(field) THALWEG__EACH_36(macro, level, __VA_ARGS__)
#define THALWEG__EACH_38(macro, level, field, ...) macro(field) THALWEG__EACH_37(macro, level, __VA_ARGS__)
#define THALWEG__EACH_39(macro, level, field, ...) macro(field) THALWEG__EACH_38(macro, level, __VA_ARGS__)
#define THALWEG__EACH_40(macro, level, field, ...) macro(field) THALWEG__EACH_39(macro, level, __VA_ARGS__)
#define THALWEG__EACH_41(macro, level, field, ...) macro(field) THALWEG__EACH_40(macro, level, __VA_ARGS__)
#define THALWEG__EACH_42(macro, level, field, ...) macro(field) THALWEG__EACH_41(macro, level, __VA_ARGS__)
#define THALWEG__EACH_43(macro, level, field, ...) macro(field) THALWEG__EACH_42(macro, level, __VA_ARGS__)
#define THALWEG__EACH_44(macro, level, field, ...) macro(field) THALWEG__EACH_43(macro, level, __VA_ARGS__)
#define THALWEG__EACH_45(macro, level, field, ...) macro(field) THALWEG__EACH_44(macro, level, __VA_ARGS__)
#define THALWEG__EACH_46(macro, level, field, ...) macro(field) THALWEG__EACH_45(macro, level, __VA_ARGS__)
#define THALWEG__EACH_47(macro, level, field, ...) macro(field) THALWEG__EACH_46(macro, level, __VA_ARGS__)
#define THALWEG__EACH_48(macro, level, field, ...) macro(field) THALWEG__EACH_47(macro, level, __VA_ARGS__)
#define THALWEG__EACH_49(macro, level, field, ...) macro(field) THALWEG__EACH_48(macro, level, __VA_ARGS__)
#define THALWEG__EACH_50(macro, level, field, ...) macro(field) THALWEG__EACH_49(macro, level, __VA_ARGS__)
#define THALWEG__EACH_51(macro, level, field, ...) macro(field) THALWEG__EACH_50(macro, level, __VA_ARGS__)
#define THALWEG__EACH_52(macro, level, field, ...) macro(field) THALWEG__EACH_51(macro, level, __VA_ARGS__)
#define THALWEG__EACH_53(macro, level, field, ...) macro(field) THALWEG__EACH_52(macro, level, __VA_ARGS__)
#define THALWEG__EACH_54(macro, level, field, ...) macro(field) THALWEG__EACH_53(macro, level, __VA_ARGS__)
#define THALWEG__EACH_55(macro, level, field, ...) macro(field) THALWEG__EACH_54(macro, level, __VA_ARGS__)
#define THALWEG__EACH_56(macro, level, field, ...) macro(field) THALWEG__EACH_55(macro, level, __VA_ARGS__)
#define THALWEG__EACH_57(macro, level, field, ...) macro(field) THALWEG__EACH_56(macro, level, __VA_ARGS__)
#define THALWEG__EACH_58(macro, level, field, ...) macro(field) THALWEG__EACH_57(macro, level, __VA_ARGS__)
#define THALWEG__EACH_59(macro, level, field, ...) macro(field) THALWEG__EACH_58(macro, level, __VA_ARGS__)
#define THALWEG__EACH_60(macro, level, field, ...) macro(field) THALWEG__EACH_59(macro, level, __VA_ARGS__)
#define THALWEG__EACH_61(macro, level, field, ...) macro(field) THALWEG__EACH_60(macro, level, __VA_ARGS__)
#define THALWEG__EACH_62(macro, level, field, ...) macro(field) THALWEG__EACH_61(macro, level, __VA_ARGS__)
#define THALWEG__EACH_63(macro, level, field, ...) macro(field) THALWEG__EACH_62(macro, level, __VA_ARGS__)
#define THALWEG__EACH_64(macro, level, field, ...) macro(field) THALWEG__EACH_63(macro, level, __VA_ARGS__)

#endif /* THALWEG_H */
