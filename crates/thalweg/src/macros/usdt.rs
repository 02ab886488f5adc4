//! Events that are USDT probes too.

/// An event that is a USDT probe too, so that bpftrace, perf, SystemTap and the kernel's uprobes
/// see it.
///
/// ```
/// let (id, name) = (7_u64, "Ada");
/// thalweg::usdt!(shop:order, Info, { id: u64 = id, customer: &str = name });
/// ```
///
/// The first six fields are the probe's arguments, 8 bytes each: integers and enums as they are, a
/// float as its bits, text as the address of a copy that ends with a NUL and has at most
/// 127 bytes, anything else 0. The probe is a `nop`, and has a semaphore: while nobody looks it costs
/// a load and a branch more than the event does, and no field is evaluated.
#[macro_export]
macro_rules! usdt {
    ($provider:ident : $name:ident $(,)?) => {
        $crate::usdt!($provider:$name, DebugLine, {})
    };
    ($provider:ident : $name:ident, { $($fields:tt)* } $(,)?) => {
        $crate::usdt!($provider:$name, DebugLine, { $($fields)* })
    };
    ($provider:ident : $name:ident, $level:ident $(,)?) => {
        $crate::usdt!($provider:$name, $level, {})
    };
    ($provider:ident : $name:ident, $level:ident,
        { $($field:ident : $type:ty = $value:expr),* $(,)? } $(,)?) => {{
        const __NAME: &str =
            ::core::concat!(::core::stringify!($provider), ":", ::core::stringify!($name));
        $crate::__site!(__NAME, $level, "", &[$($crate::__private::Field::written(
            $crate::__private::field_name(::core::stringify!($field)),
            <$type as $crate::FieldType>::CLASS,
        )),*]);
        #[used]
        #[unsafe(link_section = ".probes")]
        static __SEMAPHORE: ::core::sync::atomic::AtomicU16 =
            ::core::sync::atomic::AtomicU16::new(0);
        let __is_probed = __SEMAPHORE.load(::core::sync::atomic::Ordering::Relaxed) != 0;
        let __is_enabled = $crate::__private::is_enabled::<__GATE>();
        if __is_probed || __is_enabled {
            let __fields = $crate::__private::Nothing
                $(.written($crate::__private::typed::<$type>($value)))*;
            if __is_probed {
                let __arguments = $crate::__private::Arguments::of(&__fields);
                $crate::__probe!($provider, $name, __SEMAPHORE, __arguments, [$($field)*]);
            }
            if __is_enabled {
                $crate::__place!();
                $crate::__private::emit(&__SITE, __fields);
            }
        }
    }};
    ($($anything:tt)*) => {
        ::core::compile_error!(
            "a USDT event is `usdt!(provider:name, Level, { field: Type = expression, … })`, with name and provider as they are, without quotes"
        )
    };
}

/// The probe's instruction and its note, for as many arguments as there are fields.
#[doc(hidden)]
#[macro_export]
macro_rules! __probe {
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        []) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "", "")
    };
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        [$a:tt]) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "8@%rdi", "8@x0")
    };
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        [$a:tt $b:tt]) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "8@%rdi 8@%rsi", "8@x0 8@x1")
    };
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        [$a:tt $b:tt $c:tt]) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "8@%rdi 8@%rsi 8@%rdx", "8@x0 8@x1 8@x2")
    };
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        [$a:tt $b:tt $c:tt $d:tt]) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "8@%rdi 8@%rsi 8@%rdx 8@%rcx", "8@x0 8@x1 8@x2 8@x3")
    };
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        [$a:tt $b:tt $c:tt $d:tt $e:tt]) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8", "8@x0 8@x1 8@x2 8@x3 8@x4")
    };
    ($provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        [$($more:tt)*]) => {
        $crate::__probe!(@ $provider, $name, $semaphore, $arguments,
            "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5")
    };
    (@ $provider:ident, $name:ident, $semaphore:ident, $arguments:ident,
        $x86_64:literal, $aarch64:literal) => {
        #[cfg(target_arch = "x86_64")]
        $crate::__probe_note!($provider, $name, $semaphore, $x86_64,
            in("rdi") $arguments.word(0),
            in("rsi") $arguments.word(1),
            in("rdx") $arguments.word(2),
            in("rcx") $arguments.word(3),
            in("r8") $arguments.word(4),
            in("r9") $arguments.word(5));
        #[cfg(target_arch = "aarch64")]
        $crate::__probe_note!($provider, $name, $semaphore, $aarch64,
            in("x0") $arguments.word(0),
            in("x1") $arguments.word(1),
            in("x2") $arguments.word(2),
            in("x3") $arguments.word(3),
            in("x4") $arguments.word(4),
            in("x5") $arguments.word(5));
    };
}

/// A probe with its arguments in some registers.
#[doc(hidden)]
#[macro_export]
macro_rules! __probe_note {
    ($provider:ident, $name:ident, $semaphore:ident, $registers:literal, $($operands:tt)*) => {
        // SAFETY: one instruction without effect. It may use the stack, so that the compiler keeps
        // the red zone free: Linux 6.18 writes there where a probe is optimised.
        unsafe {
            ::core::arch::asm!(
                "990: nop",
                ".pushsection .note.stapsdt,\"?\",\"note\"",
                ".balign 4",
                ".4byte 992f-991f, 994f-993f, 3",
                "991: .asciz \"stapsdt\"",
                "992: .balign 4",
                "993: .8byte 990b",
                ".8byte _.stapsdt.base",
                ".8byte {semaphore}",
                ::core::concat!(".asciz \"", ::core::stringify!($provider), "\""),
                ::core::concat!(".asciz \"", ::core::stringify!($name), "\""),
                ::core::concat!(".asciz \"", $registers, "\""),
                "994: .balign 4",
                ".popsection",
                ".ifndef _.stapsdt.base",
                ".pushsection .stapsdt.base,\"aGR\",\"progbits\",.stapsdt.base,comdat",
                ".weak _.stapsdt.base",
                ".hidden _.stapsdt.base",
                "_.stapsdt.base: .space 1",
                ".size _.stapsdt.base,1",
                ".popsection",
                ".endif",
                semaphore = sym $semaphore,
                $($operands)*,
                options(preserves_flags),
            );
        }
    };
}
