//! Messages as text: one line an event, byte for byte as babeltrace2 2.0 prints them.
//!
//! ```text
//!   [10:15:09.000000021] (+0.000000011) host name: { packet }, { context }, { own }, { fields }
//!    time, with a clock    since the line before     each part only where the trace has it
//! ```
//!
//! [`Printer`] writes into a `Vec<u8>`: no I/O here. What is slow (names, labels, quoting) is done
//! once for each class, in a `shape`.

mod header;
mod json;
mod loss;
mod number;
mod options;
mod printer;
mod quote;
mod shape;
mod time;

pub use json::Json;
pub use loss::loss_text;
pub use options::{Fields, Names, Options, Style, Zone};
pub use printer::Printer;
