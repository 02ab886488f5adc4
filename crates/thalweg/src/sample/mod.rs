//! Contexts that are taken at an event, in front of its fields, where a recording asks for them.
//!
//! ```text
//!   the slot's entries ──▶ Taken: | value | value | … |     on the stack, before there is any room
//!                            └──▶ payload: | Taken | fields |
//! ```
//!
//! Invariant: an event without them never comes here. Nothing is allocated or locked, and no memory
//! is read of which it is not known that it is there.

mod app;
mod caller;
mod callers;
mod counters;
mod memory;
mod place;
mod taken;
mod value;

pub use app::{AppContext, RegisterError};
pub(crate) use app::{ask, forget_threads};
pub(crate) use caller::Caller;
pub(crate) use counters::{Counter, MOST as MOST_COUNTERS, close_inherited};
pub use place::Place;
pub(crate) use place::link_all;
pub(crate) use taken::{Sampled, Taken};
pub use value::AppValue;
pub(crate) use value::Held;
