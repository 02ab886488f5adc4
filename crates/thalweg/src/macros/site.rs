//! Call sites.

/// A call site that can be asked first whether anybody wants its event.
///
/// `site!("provider:name", Level, Class)` is a [`Tracepoint`](crate::Tracepoint) for events of a
/// class made with [`event_class!`](crate::event_class). An expression of a field is evaluated only
/// when the event is enabled; so this is for what several fields need, or what takes statements.
///
/// ```
/// thalweg::event_class! {
///     /// What a query found.
///     struct Found<'q> { query: &'q str, rows: u64 }
/// }
/// # fn count_rows(_: &str) -> u64 { 3 }
/// # let query = "all";
/// let found = thalweg::site!("shop:found", Info, Found);
/// if found.is_enabled() {
///     let rows = count_rows(query);
///     found.emit(Found { query, rows });
/// }
/// ```
#[macro_export]
macro_rules! site {
    ($name:expr, $level:ident, $class:path $(,)?) => {
        $crate::site!($name, $level, emf_uri = "", $class)
    };
    ($name:expr, $level:ident, emf_uri = $uri:expr, $class:path $(,)?) => {{
        $crate::__site!($name, $level, $uri, <$class as $crate::EventClass>::FIELDS);
        $crate::__place!();
        $crate::Tracepoint::<<$class as $crate::EventClass>::Kind, __GATE>::new(&__SITE)
    }};
    ($($anything:tt)*) => {
        ::core::compile_error!("a call site is `site!(\"provider:name\", Level, Class)`")
    };
}

/// Notes where in the code a call site is. No instruction comes of it.
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    () => {
        // SAFETY: adds a `Place` to a section that consists of them.
        unsafe {
            ::core::arch::asm!(
                "2:",
                ".pushsection thalweg_places, \"awR\", @progbits",
                ".balign 8",
                ".quad {site}",
                ".quad 2b",
                ".quad 0",
                ".popsection",
                site = sym __SITE,
                options(nomem, nostack, preserves_flags),
            );
        }
    };
}

/// The static of a call site, and its gate.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($name:expr, $level:ident, $uri:expr, $fields:expr) => {
        const __GATE: u16 =
            $crate::__private::gate_of(::core::file!(), ::core::line!(), ::core::column!());
        const __FIELDS: &[$crate::__private::Field] = $fields;
        const _: () = ::core::assert!(
            $crate::__private::has_provider($name),
            "the name of an event is `provider:name`"
        );
        const _: () = ::core::assert!(
            __FIELDS.len() <= $crate::__private::MAX_FIELDS,
            "an event has at most 64 fields"
        );
        const _: () = ::core::assert!(
            $crate::__private::are_simple(__FIELDS),
            "fields are at most 8 deep in each other, 64 in a structure, and 512 in an event"
        );
        const _: () = ::core::assert!(
            $crate::__private::have_bytes(__FIELDS),
            "each element of a list has at least one byte"
        );
        #[used]
        #[unsafe(link_section = "thalweg_sites")]
        static __SITE: $crate::__private::Site = $crate::__private::Site::new(
            $name,
            $crate::Level::$level,
            $uri,
            __FIELDS,
            (::core::file!(), ::core::line!(), __GATE),
        );
    };
}
