//! Trace a program: define events where they happen, and pay for them when a collector asks.
//!
//! ```
//! thalweg::labels! {
//!     /// How an order was paid.
//!     #[derive(Clone, Copy)]
//!     pub enum Payment: u8 { Cash = 0, Card = 1 }
//! }
//!
//! fn receive(id: u64, customer: &str, lines: &[u32]) {
//!     let _span = thalweg::span!("shop:receive", Info, { id: u64 = id });
//!     thalweg::event!("shop:order", Info, {
//!         id: u64 = id,
//!         customer: &str = customer,
//!         lines: &[u32] = lines,
//!         payment: Payment = Payment::Card,
//!     });
//! }
//! # receive(7, "Ada", &[1, 2]);
//! ```
//!
//! | field | in the trace |
//! |---|---|
//! | `u8` … `u64`, `usize`, `i8` … `i64`, `isize` | an integer; [`Hex`], [`Oct`], [`Bin`] show it in another base |
//! | `f32`, `f64` | a float |
//! | [`BigEndian<T>`](BigEndian) | a number in the network's byte order |
//! | `bool`, enums of [`labels!`] | an integer with labels |
//! | `&str`, `&CStr`, `char`, [`Text`] (need not be UTF-8) | text, up to its first NUL |
//! | [`CountedText`] | text with its length before it |
//! | [`Bounded<N, T>`](Bounded) | as `T`, with texts of at most `N` bytes |
//! | [`Blob<M>`](Blob) | a sequence of bytes; the definition has the media type |
//! | `[T; N]`, `&[T; N]`, `&[T]` | an array, a sequence |
//! | `Option<T>` | a tag, `none` or `some`, and a variant |
//! | structures of [`fields!`] | a structure |
//! | [`SpanId`], [`TraceId`] | an integer in base 16; text of 32 digits |
//!
//! All of them nest, up to 8 deep. An event has up to 64 fields; those behind `nowrite` are for filters
//! only. Texts for which no record is large enough are cut between two characters; an event whose
//! lists are too long for any record is counted as lost.
//!
//! [`event_class!`] gives several events the same fields, [`site!`] asks before something costly is
//! prepared, [`span!`] is two events with a scope between them, [`task_span!`] is the same for work that
//! moves between threads, [`tracef!`] and [`tracelog!`] are formatted messages.
//!
//! [`AppContext`] is what the application itself knows around its events: a recording can ask for it.
//!
//! [`Watch`] tells a program that a recording has begun or a snapshot is about to be taken, so that it
//! can tell what was before: connections that are open, the configuration.
//!
//! ```text
//!   before main          the event                          a collector, any time
//!   ───────────          ─────────                          ─────────────────────
//!   definitions, ring ─▶ gate ──0──▶ nothing (one load)  ◀─ sets gates
//!   in sealed memory       └──1──▶ reserve, fill, commit ─▶ walks, checks, writes the trace
//! ```
//!
//! Invariants: no thread, no signal handler, no allocation, no lock, and no system call where
//! events happen (but one futex wake for a full chunk, when the collector sleeps, and the set-up
//! of a forked child; a futex wait for room, in programs that allow it by their environment,
//! `THALWEG_ALLOW_BLOCKING=1`, in recordings that ask for it; and in recordings that ask for
//! `callstack-user` or `perf:thread:…` what those need). When tracing fails, the program does not notice. Field expressions are
//! evaluated only when the event is enabled.

#![allow(
    unsafe_code,
    reason = "the producer is one of the crates that the design allows it in"
)]

#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_os = "linux"
)))]
compile_error!("thalweg traces Linux programs on x86-64 and AArch64");

/// The guide's examples, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/rust.md")]
mod guide {}

mod arch;
mod clock;
mod cpu;
pub mod dynamic;
mod emit;
#[doc(hidden)]
pub mod ffi;
mod field;
mod filter;
mod gate;
mod identity;
mod label;
mod life;
mod macros;
mod map;
mod message;
mod patience;
mod register;
mod sample;
mod site;
mod span;
mod state;
mod sys;
mod thread;
mod tls;
mod trace_context;
mod tracepoint;
mod usdt;
mod watch;

pub use field::{
    BigEndian, Bin, Blob, Bounded, CountedText, FieldType, Hex, Integer, MediaType, Number, Oct,
    OctetStream, Text,
};
pub use sample::{AppContext, AppValue, RegisterError};
pub use site::Level;
pub use span::{Entered, InSpan, Span, SpanId, Spanned, TaskSpan};
pub use trace_context::{InvalidTraceContext, TraceId, Traceparent};
pub use tracepoint::{EventClass, Tracepoint};
pub use watch::Watch;

/// What the macros expand to. Not for direct use: it may change with every version.
#[doc(hidden)]
pub mod __private {
    pub use crate::emit::emit;
    pub use crate::field::{And, Fields, Limit, Nothing, Parts, Value};
    pub use crate::gate::is_enabled;
    pub use crate::label::Numbers;
    pub use crate::message::{Message, function_around};
    pub use crate::sample::Place;
    pub use crate::site::{Site, are_simple, field_name, has_provider, have_bytes, typed};
    pub use crate::span::{Begun, SPAN_ID, TaskSites};
    pub use crate::usdt::Arguments;
    pub use thalweg_abi::field::{Field, FieldClass, Integer as IntegerClass, Label};
    pub use thalweg_abi::program::gate_of;
    pub use thalweg_abi::rendezvous::MAX_FIELDS;
    pub use thalweg_ring::Payload;
}
