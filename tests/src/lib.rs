//! What traced programs and the tests over them share.
//!
//! ```text
//!   test ── World ──▶ recorder (a process)  ──▶ trace ── babeltrace2 ──▶ Trace ─┐
//!     │                    ▲ ring                                               ├─▶ compare
//!     └──────────────▶ program ── after each event ──▶ Ledger (a shared file) ──┘
//! ```
//!
//! The ledger is the oracle: a program counts there, in plain memory, each event whose call has
//! returned, and each event carries its number. So the trace is not asked about itself.

#![allow(
    unsafe_code,
    reason = "a ledger is memory that two processes share, and programs under test do what C does"
)]

mod beside;
mod c;
mod calls;
mod compiled;
mod escape;
mod ids;
mod ledger;
mod library;
mod preload;
mod recorder;
mod speaker;
mod stall;
mod strace;
mod tally;
mod trace;
mod world;

pub use beside::{Compared, beside};
pub use c::{Installed, Link};
pub use calls::{Call, calls_of};
pub use compiled::compile;
pub use escape::{escape, with_escape};
pub use ids::with_ids_numbered;
pub use ledger::{Account, Ledger};
pub use library::Library;
pub use preload::{Preloaded, helper_path};
pub use recorder::{Options, Recorder, Report};
pub use speaker::Speaker;
pub use strace::{Straced, straced};
pub use tally::Tally;
pub use trace::{Event, Trace, declared_contexts, our_text};
pub use world::{World, is_full, library_path};
