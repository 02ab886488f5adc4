//! Instructions one after the other, and the labels that jumps lead to.
//!
//! ```text
//!   jump_if(Equal, R0, 0, out)   ──┐  offset unknown: noted
//!   …                              │
//!   bind(out)                    ◀─┘  offset = here - behind the jump
//! ```
//!
//! Invariant: [`Assembler::finish`] gives instructions only if each jump leads to a bound label.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::instruction::{
    Atomic, Condition, Helper, Instruction, Operand, Operation, Register, Size,
};

/// A place that a jump can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(usize);

/// Why instructions cannot be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// A jump leads to a label that was never bound.
    #[error("assemble instruction {at}: its label has no place")]
    Unbound {
        /// The jump.
        at: usize,
    },
    /// A jump leads further than its 16 bits can say.
    #[error("assemble instruction {at}: its label is too far away")]
    TooFar {
        /// The jump.
        at: usize,
    },
}

/// A program while it is written.
#[derive(Debug, Default)]
pub struct Assembler {
    instructions: Vec<Instruction>,
    /// Where each label is.
    places: Vec<Option<usize>>,
    /// Which jump leads to which label.
    jumps: Vec<(usize, Label)>,
}

impl Assembler {
    /// An empty program.
    pub fn new() -> Self {
        Self::default()
    }

    /// A new label, which has no place yet.
    pub fn label(&mut self) -> Label {
        self.places.push(None);
        Label(self.places.len() - 1)
    }

    /// Gives a label its place: before the next instruction.
    pub fn bind(&mut self, label: Label) {
        self.places[label.0] = Some(self.instructions.len());
    }

    /// Whether a jump leads to a label, so far: the kernel refuses code that nothing leads to.
    pub fn is_used(&self, label: Label) -> bool {
        self.jumps.iter().any(|(_, used)| *used == label)
    }

    /// `dst = operand`
    pub fn set(&mut self, dst: Register, operand: impl Into<Operand>) {
        self.operate(Operation::Move, dst, operand);
    }

    /// `dst = number`, of any size.
    pub fn set_number(&mut self, dst: Register, number: i64) {
        match i32::try_from(number) {
            Ok(number) => self.set(dst, number),
            Err(_) => self
                .instructions
                .extend(Instruction::load_number(dst, number)),
        }
    }

    /// `dst += operand`
    pub fn add(&mut self, dst: Register, operand: impl Into<Operand>) {
        self.operate(Operation::Add, dst, operand);
    }

    /// `dst &= operand`
    pub fn and(&mut self, dst: Register, operand: impl Into<Operand>) {
        self.operate(Operation::And, dst, operand);
    }

    /// `dst <<= operand`
    pub fn shift_left(&mut self, dst: Register, operand: impl Into<Operand>) {
        self.operate(Operation::ShiftLeft, dst, operand);
    }

    /// `dst >>= operand`, filled with zeros
    pub fn shift_right(&mut self, dst: Register, operand: impl Into<Operand>) {
        self.operate(Operation::ShiftRight, dst, operand);
    }

    /// `dst = dst OPERATION operand`
    pub fn operate(&mut self, operation: Operation, dst: Register, operand: impl Into<Operand>) {
        self.push(Instruction::operation(operation, dst, operand.into()));
    }

    /// `dst = *(src + offset)`
    pub fn load(&mut self, size: Size, dst: Register, (src, offset): (Register, i16)) {
        self.push(Instruction::load(size, dst, src, offset));
    }

    /// `*(dst + offset) = operand`
    pub fn store(
        &mut self,
        size: Size,
        (dst, offset): (Register, i16),
        operand: impl Into<Operand>,
    ) {
        self.push(Instruction::store(size, dst, offset, operand.into()));
    }

    /// `*(dst + offset) += src` of eight bytes, whoever else does so meanwhile.
    pub fn add_atomically(&mut self, (dst, offset): (Register, i16), src: Register) {
        self.push(Instruction::atomic(Atomic::Add, dst, offset, src));
    }

    /// `src` and the eight bytes at `dst + offset` change places, at once.
    pub fn exchange(&mut self, (dst, offset): (Register, i16), src: Register) {
        self.push(Instruction::atomic(Atomic::Exchange, dst, offset, src));
    }

    /// `dst =` the map of this descriptor, which is open until the program is loaded.
    pub fn load_map(&mut self, dst: Register, map: BorrowedFd<'_>) {
        let both = Instruction::load_map(dst, map.as_raw_fd());
        self.instructions.extend(both);
    }

    /// `dst =` the address of the first value of an array, which is open until the program is loaded.
    pub fn load_first_value(&mut self, dst: Register, array: BorrowedFd<'_>) {
        let both = Instruction::load_first_value(dst, array.as_raw_fd());
        self.instructions.extend(both);
    }

    /// Goes on at `label`.
    pub fn jump(&mut self, label: Label) {
        self.jump_by(Instruction::jump(), label);
    }

    /// Goes on at `label` if the condition holds.
    pub fn jump_if(
        &mut self,
        condition: Condition,
        dst: Register,
        operand: impl Into<Operand>,
        label: Label,
    ) {
        self.jump_by(Instruction::jump_if(condition, dst, operand.into()), label);
    }

    fn jump_by(&mut self, jump: Instruction, label: Label) {
        self.jumps.push((self.instructions.len(), label));
        self.push(jump);
    }

    /// Calls a function of the kernel's: arguments in R1 to R5, the result in R0; R1 to R5 are lost.
    pub fn call(&mut self, helper: Helper) {
        self.push(Instruction::call(helper));
    }

    /// Ends the program; R0 is its result.
    pub fn exit(&mut self) {
        self.push(Instruction::exit());
    }

    fn push(&mut self, instruction: Instruction) {
        self.instructions.push(instruction);
    }

    /// The program's instructions.
    ///
    /// # Errors
    /// A jump leads nowhere, or too far.
    pub fn finish(mut self) -> Result<Vec<u64>, AssembleError> {
        for (at, label) in self.jumps {
            let place = self.places[label.0].ok_or(AssembleError::Unbound { at })?;
            // A program has far fewer instructions than this could not tell apart.
            let distance = place as isize - (at as isize + 1);
            let too_far = |_| AssembleError::TooFar { at };
            self.instructions[at].offset = i16::try_from(distance).map_err(too_far)?;
        }
        Ok(self
            .instructions
            .into_iter()
            .map(Instruction::encode)
            .collect())
    }
}
