//! From a filter to the part of an eBPF program that tests it, over fields that lie in memory.
//!
//! ```text
//!   prev_prio < 20 && next_comm == "ksoft*"         the fields of the trace
//!        │ write: Operands say where each lies
//!        ▼
//!   r0 = *(r6 + 12) … if r0 s>= 20 goto fails       falls through if the filter passes
//! ```
//!
//! The whole language is there, but for floats: numbers are computed with as the evaluator of crate
//! `filter` does, texts are compared with patterns and with each other. Texts lie in memory of a fixed
//! size, each with its length; of one that was cut, or could not be read, a comparison may have no
//! answer: then the program goes on at a label of its own, and whoever made it can count that.
//!
//! Registers: R0 to R5 are lost. Memory is reached by those that a call leaves alone, R6 to R10.
//!
//! Invariant: code falls through exactly for the events for which [`thalweg_filter::evaluate`] says
//! true; what cannot be lowered is refused with its column.

mod arithmetic;
mod number;
mod operand;
mod pattern;
mod text;
mod truth;
mod write;

#[cfg(test)]
mod interpreted;

pub(crate) use number::load;
pub(crate) use operand::{Integer, Operand, Operands, OwnNumber, Path, Place, Text};
pub(crate) use write::{Exits, Slots, check, write_filter, write_number, write_part};
