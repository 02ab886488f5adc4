//! Records what a program says through `tracing` and `log` as typed events: one line in `main`.
//!
//! ```
//! # fn main() -> Result<(), thalweg_tracing::InitError> {
//! thalweg_tracing::init()?;
//!
//! let request = tracing::info_span!("request", id = 7, peer = "ada");
//! request.in_scope(|| tracing::warn!(name: "slow", took_ms = 812, "the disk is slow"));
//! # Ok(())
//! # }
//! ```
//!
//! Beside other layers:
//!
//! ```
//! use tracing_subscriber::prelude::*;
//!
//! let subscriber = tracing_subscriber::registry().with(thalweg_tracing::layer());
//! # drop(subscriber);
//! ```
//!
//! ```text
//!   info!(…) ──▶ interest ──▶ place of the call site ──▶ gate ──0──▶ nothing
//!                (tracing)    (by address, no lock)         └─1──▶ fields, typed ──▶ ring
//! ```
//!
//! # What is recorded
//!
//! | in the program | event | fields |
//! |---|---|---|
//! | `info!(name: "slow", …)` | `TARGET:slow` | its own |
//! | `info!(…)` | `TARGET:LINE`; `TARGET:MODULE:LINE` where the target is not the module | its own |
//! | a new span `request` | `TARGET:request_begin` | `span_id`, `parent_span_id` (0: none), its own |
//! | a thread enters it | `TARGET:request_enter` | `span_id` |
//! | a thread leaves it | `TARGET:request_exit` | `span_id` |
//! | its last handle is dropped | `TARGET:request_end` | `span_id` |
//! | `span.record(…)` | `TARGET:request_record` | `span_id`, those that are recorded |
//! | `span.follows_from(other)` | `TARGET:request_follows` | `span_id`, `follows_span_id` |
//! | `info!(parent: &span, …)` | as above | `span_id`, its own |
//! | a record of `log` (feature `log`) | `log:TARGET` | `message`, `file`, `line`, `module_path` |
//!
//! Spans are those of [`thalweg::task_span!`], under the same names. One that moves between threads keeps
//! its id; the thread is in each event's context. Without an explicit parent, an event belongs to the
//! span that its thread entered last. Ids are the subscriber's: they tell the spans of one process apart,
//! and come again when a span has long ended. A field `trace_id` (W3C) is a field like any other.
//!
//! Integers are recorded as `u64` or `i64`, floats as `f64`; `bool`, text and bytes as they are, whole.
//! What only `Debug` or `Display` can show, errors (with their sources), and integers of 128 bits become
//! text, 2 to 4 KiB of it an event; what is cut ends with `…`. Fields behind the 60th are left out. A field
//! that is absent (`None`, `Empty`) is absent in the event, too: a call site has up to eight shapes
//! (which fields, of which types) under one name; from the ninth on its fields are one text, `fields`.
//!
//! Levels are LTTng's: `ERROR` is `err`, `WARN` is `warning`, `INFO` is `info`, `DEBUG` is
//! `debug-function`, `TRACE` is `debug-line`. Which events are recorded is for a recording's rules to say,
//! never for the program.
//!
//! # What it costs
//!
//! A call site is defined at its first use: that allocates. After it, nothing here allocates, locks or
//! calls the kernel; `tracing-subscriber`'s registry allocates for spans. An event of two integers and
//! a text of 20 bytes costs 54 ns (`thalweg::event!` 19, the layer `fmt` to `/dev/null` 541).
//!
//! There is no thread, so nobody can tell `tracing` when a recorder comes: a disabled call site asks
//! each time, which is a look-up and a load (3.6 ns; 10 ns beside other layers). [`start_watcher`] starts
//! a thread that tells it: then a disabled call site costs what `tracing` promises (0.8 ns, as without
//! any subscriber). `bench/tracing` makes these figures.
//!
//! Bounds: 4,096 shapes in a process, four and more for a span. When there is no more room, events go to
//! `thalweg_tracing:other` as text. A span that is created while nobody wants it stays unseen. Call
//! it not from a signal handler: `tracing` itself is not made for that.

#![forbid(unsafe_code)]

/// The guide's examples, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/tracing.md")]
mod guide {}

#[cfg(feature = "log")]
mod bridge;
mod code;
mod collect;
mod family;
mod init;
mod layer;
mod line;
mod name;
mod place;
mod spare;
mod table;
mod texts;
mod variant;
mod wanted;
mod watcher;

pub use init::{InitError, init};
pub use layer::{Recorder, layer};
pub use wanted::Wanted;
pub use watcher::start_watcher;
