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
mod callers;
mod counters;
mod memory;
mod place;
mod taken;
mod value;

pub use app::{AppContext, RegisterError};
pub(crate) use app::{ask, forget_threads};
pub(crate) use counters::{Counter, MOST as MOST_COUNTERS, close_inherited};
pub use place::Place;
pub(crate) use place::link_all;
pub(crate) use taken::{Sampled, Taken};
pub use value::AppValue;
pub(crate) use value::Held;

/// What the call site's function had in its registers, as far as that can be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The address of a frame not above that of the event's own way.
    pub(crate) stack: u64,
    /// Its frame pointer, or that of the event's own way where that has one.
    pub(crate) frame: u64,
}

impl Caller {
    /// As the registers are here.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        let (stack, frame);
        // SAFETY: reads two registers.
        unsafe {
            core::arch::asm!(
                "mov {}, rsp",
                "mov {}, rbp",
                out(reg) stack,
                out(reg) frame,
                options(nomem, nostack, preserves_flags),
            );
        }
        Self { stack, frame }
    }
}
