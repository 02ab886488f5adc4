//! Spans.

/// Begins a span that ends when the returned [`Span`](crate::Span) is dropped: emits `NAME_begin` now,
/// and `NAME_end` then.
///
/// ```
/// let _request = thalweg::span!("shop:request", Info, { id: u64 = 7 });
/// ```
///
/// `NAME_begin` has the span's id in `span_id`, that of the span around it in `parent_span_id` (0: there is
/// none), and then the fields; `NAME_end` has `span_id`. What is around it is the thread's current
/// span: until the end this one is. A parent can be named, too, for work that another thread handed
/// over:
///
/// ```
/// let order = thalweg::span!("shop:order", Info);
/// let parent = order.id();
/// std::thread::spawn(move || {
///     let _payment = thalweg::span!(parent: parent, "shop:payment", Info, { id: u64 = 7 });
/// });
/// ```
///
/// A span that nobody records when it begins stays unseen: it takes no id, is nobody's parent, and has
/// no end.
#[macro_export]
macro_rules! span {
    (parent: $parent:expr, $name:literal $(,)?) => {
        $crate::span!(parent: $parent, $name, DebugLine, {})
    };
    (parent: $parent:expr, $name:literal, { $($fields:tt)* } $(,)?) => {
        $crate::span!(parent: $parent, $name, DebugLine, { $($fields)* })
    };
    (parent: $parent:expr, $name:literal, $level:ident $(,)?) => {
        $crate::span!(parent: $parent, $name, $level, {})
    };
    (parent: $parent:expr, $name:literal, $level:ident, { $($fields:tt)* } $(,)?) => {{
        let __end = $crate::__after!($name, "_end", $level);
        let mut __begun = $crate::__private::Begun::NOTHING;
        $crate::__begin!($name, $level, [__end], __begun, $parent, { $($fields)* });
        $crate::Span::new(__end, __begun)
    }};
    ($name:literal $($rest:tt)*) => {
        $crate::span!(parent: $crate::SpanId::current(), $name $($rest)*)
    };
    ($($anything:tt)*) => {
        ::core::compile_error!(
            "a span is `span!(\"provider:name\", Level, { field: Type = expression, … })`; level and fields may be left out"
        )
    };
}

/// Begins the span of a task, which may move between threads: a [`TaskSpan`](crate::TaskSpan).
///
/// As [`span!`](crate::span!), but no thread is in it before it [enters](crate::TaskSpan::enter): then
/// there is `NAME_enter`, and `NAME_exit` when the thread leaves it, with `span_id`. So a trace tells
/// which thread worked for the task and when; between the two the task waited.
///
/// ```
/// use thalweg::InSpan as _;
///
/// async fn pack() {}
/// let delivery = pack().in_span(thalweg::task_span!("shop:delivery", Info, { id: u64 = 7 }));
/// # drop(delivery);
/// ```
#[macro_export]
macro_rules! task_span {
    (parent: $parent:expr, $name:literal $(,)?) => {
        $crate::task_span!(parent: $parent, $name, DebugLine, {})
    };
    (parent: $parent:expr, $name:literal, { $($fields:tt)* } $(,)?) => {
        $crate::task_span!(parent: $parent, $name, DebugLine, { $($fields)* })
    };
    (parent: $parent:expr, $name:literal, $level:ident $(,)?) => {
        $crate::task_span!(parent: $parent, $name, $level, {})
    };
    (parent: $parent:expr, $name:literal, $level:ident, { $($fields:tt)* } $(,)?) => {{
        static __SITES: $crate::__private::TaskSites = $crate::__private::TaskSites {
            end: $crate::__after!($name, "_end", $level),
            enter: $crate::__after!($name, "_enter", $level),
            exit: $crate::__after!($name, "_exit", $level),
        };
        let mut __begun = $crate::__private::Begun::NOTHING;
        $crate::__begin!(
            $name, $level, [__SITES.end, __SITES.enter, __SITES.exit], __begun, $parent,
            { $($fields)* }
        );
        $crate::TaskSpan::new(&__SITES, __begun)
    }};
    ($name:literal $($rest:tt)*) => {
        $crate::task_span!(parent: $crate::SpanId::current(), $name $($rest)*)
    };
    ($($anything:tt)*) => {
        ::core::compile_error!(
            "a task's span is `task_span!(\"provider:name\", Level, { field: Type = expression, … })`; level and fields may be left out"
        )
    };
}

/// The site of an event that tells what happens to a span after its begin.
#[doc(hidden)]
#[macro_export]
macro_rules! __after {
    ($name:literal, $what:literal, $level:ident) => {{
        $crate::__site!(
            ::core::concat!($name, $what),
            $level,
            "",
            $crate::__private::SPAN_ID
        );
        &__SITE
    }};
}

/// Emits the begin of a span, and keeps in `$begun` what is known of it then.
#[doc(hidden)]
#[macro_export]
macro_rules! __begin {
    ($name:literal, $level:ident, [$($after:expr),*], $begun:ident, $parent:expr, { $($fields:tt)* }) => {
        $crate::event!(::core::concat!($name, "_begin"), $level, {
            span_id: $crate::SpanId = {
                $begun = $crate::__private::Begun::now(&[&__SITE, $($after),*]);
                $begun.id()
            },
            parent_span_id: $crate::SpanId = $parent,
            $($fields)*
        })
    };
}
