//! How a record's bytes become an event's payload: a flat list of steps, made once per event.
//!
//! ```text
//!   record   | type | flags | pid | prev_comm | prev_pid | prev_prio | prev_state | …
//!                                 └──── Copy 20 ─────────┘└─ Add ───┘└─ Copy 8 ──┘
//!   payload                       | prev_comm | prev_tid | prev_prio | prev_state | …
//! ```
//!
//! Fields that lie side by side in both are one copy; a new name costs nothing.
//!
//! Invariant: a plan reads only bytes of the record that it is given, whatever they say, and
//! either appends the whole payload or reports why it cannot.

mod run;
mod step;

pub(crate) use run::{located, text};
pub(crate) use step::{Limit, Op, Plan, PlanBuilder, ToldKey};
