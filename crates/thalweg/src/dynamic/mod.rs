//! Events that are defined while the program runs.
//!
//! ```
//! use thalweg::dynamic::{Event, Kind, Value};
//!
//! let loaded = Event::define("plugin:loaded", thalweg::Level::Info, &[("id", Kind::U64), ("name", Kind::Text)])?;
//! if loaded.is_enabled() {
//!     loaded.emit(&[Value::U64(7), Value::Text("colours")])?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```text
//!   define ──▶ table of sites ──▶ definitions in the shared memory ──▶ rules of the collectors that
//!              (for children)      (collectors learn them there)       are here: on, or off
//! ```
//!
//! To define an event allocates, takes a lock and may make system calls; to emit one does not. A
//! definition lives as long as the process: define an event once and keep it.

mod event;
mod table;
mod value;

pub use event::{DefineError, Event, Mismatch};
pub use value::{Kind, Value};

pub(crate) use table::{define, each, find_or_define};
