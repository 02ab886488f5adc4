//! Comparisons of texts: which kind of text is compared with which.

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5};
use thalweg_bpf::{Condition, Label, Operation, Size};
use thalweg_filter::tracefs::Refusal;
use thalweg_filter::{Expr, Literal, Node, matches_parts};

use super::number::load;
use super::operand::{Integer, Operand, Operands, Text};
use super::write::{Writer, beyond};

impl<O: Operands + ?Sized> Writer<'_, O> {
    /// Code that goes on at `label` if the texts' being equal is `on`, and falls through if not.
    pub(super) fn compare_texts(
        &mut self,
        operands: &[Expr; 2],
        on: bool,
        label: Label,
    ) -> Result<(), Refusal> {
        let [left, right] = operands;
        if let Node::Literal(Literal::Text(parts)) = &right.node {
            return match self.operand(left)? {
                Operand::Text(text) => self.branch(on, label, |writer, differs| {
                    writer.unless_matches(text, parts, right, differs)
                }),
                Operand::Names(number, names) => {
                    let is_meant = |name: &String| matches_parts(parts, name.as_bytes());
                    let numbers = names.iter().filter(|(_, name)| is_meant(name));
                    let mut numbers: Vec<i64> = numbers.map(|(number, _)| *number).collect();
                    numbers.sort_unstable();
                    self.branch(on, label, |writer, differs| {
                        writer.unless_among(number, &numbers, differs)
                    })
                }
                _ => Err(beyond(left, "a text is compared with what is none")),
            };
        }
        match (self.operand(left)?, self.operand(right)?) {
            (Operand::Text(left), Operand::Text(right)) => {
                self.branch(on, label, |writer, differs| {
                    writer.unless_equal(left, right, differs);
                    Ok(())
                })
            }
            _ => Err(beyond(
                right,
                "this text has a number in the kernel; compare it with a text of your own",
            )),
        }
    }

    /// Makes a jump of code that goes on at a label if texts differ, and falls through if they do not.
    fn branch(
        &mut self,
        on: bool,
        label: Label,
        write: impl FnOnce(&mut Self, Label) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        if !on {
            return write(self, label);
        }
        let differs = self.a.label();
        write(self, differs)?;
        self.jump_always(label);
        self.a.bind(differs);
        Ok(())
    }

    /// R3 becomes the length of a text.
    pub(super) fn length(&mut self, text: Text) {
        self.a.load(Size::Eight, R3, text.length);
        if text.may_fail {
            let unknown = self.exits.unknown;
            self.a.jump_if(Condition::Less, R3, 0, unknown);
        }
    }

    /// Goes on at `unknown` if the text, whose length is R3, may go on behind its room.
    pub(super) fn unless_cut(&mut self, text: Text) {
        if text.may_be_cut {
            let unknown = self.exits.unknown;
            let most = i32::from(text.room) - 2;
            self.a.jump_if(Condition::Greater, R3, most, unknown);
        }
    }

    /// Whether a number is one of these, which are in order.
    fn unless_among(
        &mut self,
        number: Integer,
        numbers: &[i64],
        differs: Label,
    ) -> Result<(), Refusal> {
        let among = self.a.label();
        load(self.a, number);
        for run in numbers.chunk_by(|a, b| a + 1 == *b) {
            let (first, last) = (run[0], run[run.len() - 1]);
            if first == last {
                self.a.set_number(R1, first);
                self.a.jump_if(Condition::Equal, R0, R1, among);
                continue;
            }
            let below = self.a.label();
            self.a.set_number(R1, first);
            self.a.jump_if(Condition::Less, R0, R1, below);
            self.a.set_number(R1, last);
            self.a.jump_if(Condition::LessOrEqual, R0, R1, among);
            self.a.bind(below);
        }
        self.jump_always(differs);
        self.a.bind(among);
        Ok(())
    }

    /// Two texts of the event, byte by byte.
    fn unless_equal(&mut self, left: Text, right: Text, differs: Label) {
        let room = left.room.min(right.room);
        for text in [left, right] {
            self.length(text);
            self.unless_cut(text);
        }
        self.a.load(Size::Eight, R2, left.length);
        self.a.jump_if(Condition::NotEqual, R2, R3, differs);
        let (again, equal) = (self.a.label(), self.a.label());
        self.zero_unseen(R4);
        self.a.bind(again);
        self.a.jump_if(Condition::GreaterOrEqual, R4, R3, equal);
        self.a
            .jump_if(Condition::Above, R4, i32::from(room) - 1, differs);
        for (text, byte) in [(left, R0), (right, R1)] {
            self.a.set(R5, text.base);
            self.a.operate(Operation::Add, R5, R4);
            self.a.load(Size::One, byte, (R5, text.offset));
        }
        self.a.jump_if(Condition::NotEqual, R0, R1, differs);
        self.a.add(R4, 1);
        self.a.jump(again);
        self.a.bind(equal);
    }

    /// A register becomes 0 in a way that the verifier does not see through, so that it need not look at
    /// what follows once for each value; R3 is a number that it does not know.
    pub(super) fn zero_unseen(&mut self, register: thalweg_bpf::Register) {
        self.a.set(register, R3);
        self.a.set(R1, R3);
        self.a.operate(Operation::Subtract, register, R1);
    }
}
