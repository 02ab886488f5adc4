//! Whether a trace folder is laid out as LTTng 2.13 lays it out.
//!
//! ```text
//!   metadata bytes ─ text.rs ─▶ statements ─▶ shape.rs        the structures, word for word
//!                                             environment.rs  what Trace Compass recognises it by
//!                                             events.rs       names, levels, fields
//!   stream files, indexes ───────────────────▶ files.rs       packets, order, index entries
//! ```
//!
//! Each rule has a name, so that a test can say which one a damaged trace breaks. Nothing here is
//! shared with the writer: the rules are LTTng's, checked on LTTng's own traces too.

mod environment;
mod events;
mod files;
mod rules;
mod shape;
mod text;

pub use events::KERNEL_EVENTS;
pub use rules::{Broken, Domain, broken_rules};
