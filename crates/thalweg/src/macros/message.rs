//! Formatted messages.

/// Emits a formatted message, if a collector asked for it: LTTng's event `lttng_ust_tracef:event`.
///
/// The message is made on the stack, without an allocation, and only when the event is enabled. What
/// is longer than 2 KiB is cut between two characters.
///
/// ```
/// # let (id, customer) = (7, "Ada");
/// thalweg::tracef!("order {id} of {customer}: {} lines", 3);
/// ```
#[macro_export]
macro_rules! tracef {
    ($($format:tt)+) => {
        $crate::event!("lttng_ust_tracef:event", Debug, {
            msg: $crate::CountedText =
                $crate::__private::Message::of(::core::format_args!($($format)+)).text(),
        })
    };
    () => {
        ::core::compile_error!("a message is `tracef!(\"format {}\", expression, …)`")
    };
}

/// Emits a formatted message with a level and its place in the source: LTTng's events
/// `lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_…`.
///
/// As [`tracef!`](crate::tracef) for the message.
///
/// ```
/// # let disk = 3;
/// thalweg::tracelog!(Warning, "disk {disk} is nearly full");
/// ```
#[macro_export]
macro_rules! tracelog {
    ($level:ident, $($format:tt)+) => {
        $crate::event!(
            ::core::concat!(
                "lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_",
                $crate::__level_name!($level)
            ),
            $level,
            {
                line: i32 = ::core::line!() as i32,
                file: &str = ::core::file!(),
                func: &str = {
                    fn here() {}
                    $crate::__private::function_around(here)
                },
                msg: $crate::CountedText =
                    $crate::__private::Message::of(::core::format_args!($($format)+)).text(),
            }
        )
    };
    ($($anything:tt)*) => {
        ::core::compile_error!("a message is `tracelog!(Level, \"format {}\", expression, …)`")
    };
}

/// How LTTng calls a level.
#[doc(hidden)]
#[macro_export]
macro_rules! __level_name {
    (Emerg) => {
        "EMERG"
    };
    (Alert) => {
        "ALERT"
    };
    (Crit) => {
        "CRIT"
    };
    (Err) => {
        "ERR"
    };
    (Warning) => {
        "WARNING"
    };
    (Notice) => {
        "NOTICE"
    };
    (Info) => {
        "INFO"
    };
    (DebugSystem) => {
        "DEBUG_SYSTEM"
    };
    (DebugProgram) => {
        "DEBUG_PROGRAM"
    };
    (DebugProcess) => {
        "DEBUG_PROCESS"
    };
    (DebugModule) => {
        "DEBUG_MODULE"
    };
    (DebugUnit) => {
        "DEBUG_UNIT"
    };
    (DebugFunction) => {
        "DEBUG_FUNCTION"
    };
    (DebugLine) => {
        "DEBUG_LINE"
    };
    (Debug) => {
        "DEBUG"
    };
    // The level itself is refused where it is used.
    ($other:ident) => {
        ""
    };
}
