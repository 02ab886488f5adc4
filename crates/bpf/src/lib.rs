//! eBPF without a compiler: assembler, BTF, and programs in the kernel.
//!
//! ```text
//!   Assembler ──instructions──┐
//!                             ▼
//!   Btf ──offsets, ids──▶ Program::load ──the verifier says no──▶ Error with its words
//!                             │
//!                             ▼
//!                    Program::attach ──▶ Attached: runs until it is dropped
//! ```
//!
//! Instructions are made at run time, with the offsets of the running kernel's structures: nothing is
//! compiled, neither when this program is built nor on the traced machine. Maps and rings are those of
//! `thalweg_sys`.
//!
//! Invariant: no byte of a BTF file makes this crate panic, loop or take memory that the file does not
//! have.

#![forbid(unsafe_code)]

mod assembler;
mod btf;
mod instruction;
mod program;

pub use assembler::{AssembleError, Assembler, Label};
pub use btf::{
    Btf, BtfError, Kind, Layout, LayoutMember, MemberShape, Parameter, Prototype, TypeId, Value,
};
pub use instruction::{Condition, Helper, Operand, Operation, Register, Size};
pub use program::{Attached, Error, Program};
pub use thalweg_sys::BpfProbe;
