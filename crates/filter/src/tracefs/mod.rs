//! From a filter to what tracefs takes: the predicate that the kernel tests before it records.
//!
//! ```text
//!   prev_prio < 20 && next_comm == "ksoft*"         the fields of the trace
//!        │ lower: Operands say what each is to the kernel
//!        ▼
//!   prev_prio < 120 && next_comm ~ "ksoft*"         `events/sched/sched_switch/filter`
//! ```
//!
//! The kernel compares a field of its record, in the size and with the sign that it has there, with a
//! constant; it knows `&` (is a bit set), `==` and `~` (a glob) for texts, `&&`, `||` and `!`. The
//! trace may hold the number in another size, with something added, or cut. Numbers are therefore
//! lowered by their sets: the trace's values that pass, and the kernel's values that become those.
//!
//! Invariant: a predicate passes exactly the events for which [`evaluate`](crate::evaluate()) says true
//! of the values in the trace; what cannot be said exactly is refused.

mod bits;
mod integer;
mod lower;
mod operand;
mod predicate;
mod text;

pub use lower::{Lowered, Refusal, lower};
pub use operand::{IntegerOperand, Operand, Operands, TextOperand, Width};
