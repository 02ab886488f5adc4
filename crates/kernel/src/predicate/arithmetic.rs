//! What each operator does to R1 and R2; R0 is the result.
//!
//! The machine divides without a sign only, and gives something for a division by zero, where the
//! language has no value.

use thalweg_bpf::Register::{R0, R1, R2, R3};
use thalweg_bpf::{Condition, Operation};
use thalweg_filter::Arithmetic;

use super::operand::Operands;
use super::write::Writer;

impl<O: Operands + ?Sized> Writer<'_, O> {
    pub(super) fn arithmetic(&mut self, operator: Arithmetic) {
        let operation = match operator {
            Arithmetic::Add => Operation::Add,
            Arithmetic::Sub => Operation::Subtract,
            Arithmetic::Mul => Operation::Multiply,
            Arithmetic::And => Operation::And,
            Arithmetic::Or => Operation::Or,
            Arithmetic::Xor => Operation::Xor,
            Arithmetic::Shl => self.shift(Operation::ShiftLeft),
            Arithmetic::Shr => self.shift(Operation::ShiftRight),
            Arithmetic::Div | Arithmetic::Rem => return self.divide(operator),
        };
        self.a.operate(operation, R1, R2);
        self.a.set(R0, R1);
    }

    /// A count that is not in 0..=63 has no value.
    fn shift(&mut self, operation: Operation) -> Operation {
        let fails = self.exits.fails;
        self.a.jump_if(Condition::Above, R2, 63, fails);
        operation
    }

    /// With the signs taken off, and put on again: a quotient's is both operands', a remainder's the
    /// first one's.
    fn divide(&mut self, operator: Arithmetic) {
        let fails = self.exits.fails;
        let (operation, minus_of_second) = match operator {
            Arithmetic::Div => (Operation::Divide, 1),
            _ => (Operation::Remainder, 0),
        };
        self.a.jump_if(Condition::Equal, R2, 0, fails);
        self.a.set(R3, 0);
        for (register, minus) in [(R1, 1), (R2, minus_of_second)] {
            let positive = self.a.label();
            self.a
                .jump_if(Condition::GreaterOrEqual, register, 0, positive);
            self.negate(register);
            self.a.operate(Operation::Xor, R3, minus);
            self.a.bind(positive);
        }
        self.a.operate(operation, R1, R2);
        let positive = self.a.label();
        self.a.jump_if(Condition::Equal, R3, 0, positive);
        self.negate(R1);
        self.a.bind(positive);
        self.a.set(R0, R1);
    }
}
