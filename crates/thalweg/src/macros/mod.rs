//! The macros: what a program writes.
//!
//! ```text
//!   span!, task_span!  ─▶ event! of the begin, __site! of what comes after
//!   event!         ─▶ __event!   the fields as one list: [written name: Type = value, nowrite …]
//!                       └─▶ __site!    the static in its section, its gate, what must be true of it
//!   event_class!, fields!, labels!   types of the program's own      site!   a call site to ask first
//!   tracef!, tracelog!               formatted messages       usdt!   events that are USDT probes too
//! ```
//!
//! The strict form of each macro comes first; what does not match it goes through `__event!`'s or
//! `__class!`'s slow arms, which take fields one by one and say what is wrong with one.

mod class;
mod event;
mod labels;
mod message;
mod site;
mod span;
mod usdt;
