//! Numbers: R0 becomes the value of an expression.

use thalweg_bpf::Register::{R0, R1, R2, R10};
use thalweg_bpf::{Assembler, Helper, Operation, Register, Size};
use thalweg_filter::tracefs::{Refusal, Width};
use thalweg_filter::{Expr, Literal, Node, Unary};

use super::operand::{Integer, Operand, Operands, OwnNumber, Path, Place};
use super::write::{Writer, beyond};

impl<O: Operands + ?Sized> Writer<'_, O> {
    /// R0 becomes the expression's value; where it has none, code goes on at `fails`.
    pub(super) fn number(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match &expr.node {
            Node::Literal(Literal::Int(value)) => self.a.set_number(R0, *value),
            Node::Literal(Literal::Float(_)) => {
                return Err(beyond(expr, "programs in the kernel know no floats"));
            }
            Node::Unary(Unary::Plus, operand) => self.number(operand)?,
            Node::Unary(Unary::Minus, operand) => {
                self.number(operand)?;
                self.negate(R0);
            }
            Node::Unary(Unary::BitNot, operand) => {
                self.number(operand)?;
                self.a.operate(Operation::Xor, R0, -1);
            }
            Node::Arithmetic(operator, operands) => {
                self.pair(operands)?;
                self.arithmetic(*operator);
            }
            Node::Comparison(..) | Node::Logic(..) | Node::Unary(Unary::Not, _) => {
                self.truth_value(expr)?;
            }
            _ => match self.operand(expr)? {
                Operand::Integer(integer) => load(self.a, integer),
                _ => return Err(beyond(expr, "a number is needed here, and this is none")),
            },
        }
        Ok(())
    }

    /// R1 and R2 become the values of both.
    pub(super) fn pair(&mut self, operands: &[Expr; 2]) -> Result<(), Refusal> {
        let [left, right] = operands;
        self.number(left)?;
        if let Node::Literal(Literal::Int(value)) = right.node {
            self.a.set(R1, R0);
            self.a.set_number(R2, value);
            return Ok(());
        }
        let slot = self.keep(R0, right, |writer| writer.number(right))?;
        self.a.set(R2, R0);
        self.a.load(Size::Eight, R1, (R10, slot));
        Ok(())
    }

    /// What a field, an element or a context is.
    pub(super) fn operand(&self, expr: &Expr) -> Result<Operand, Refusal> {
        let found = match &expr.node {
            Node::Field { name, index: None } => self.operands.operand(name),
            Node::Field {
                name,
                index: Some(index),
            } => match self.operands.operand(name) {
                Some(Operand::List(first, length)) if *index < length => element(first, *index),
                other => other,
            },
            Node::Context(context) => {
                let no_such = || {
                    let name = context.name();
                    beyond(
                        expr,
                        format!("programs in the kernel do not know $ctx.{name}"),
                    )
                };
                return self.operands.context(*context).ok_or_else(no_such);
            }
            Node::App { .. } => {
                return Err(beyond(
                    expr,
                    "programs have contexts of their own, kernels have none",
                ));
            }
            _ => return Err(beyond(expr, "texts are compared, and nothing else")),
        };
        match found {
            Some(Operand::Closed(why)) => Err(beyond(expr, format!("this cannot be used: {why}"))),
            Some(operand) => Ok(operand),
            None => Err(beyond(expr, "the event has no such field")),
        }
    }

    /// In two's complement: rbpf cannot negate the least number.
    pub(super) fn negate(&mut self, register: Register) {
        self.a.operate(Operation::Xor, register, -1);
        self.a.add(register, 1);
    }
}

/// R0 becomes a field's value, as the trace has it.
pub(crate) fn load(a: &mut Assembler, integer: Integer) {
    let Integer {
        place,
        kernel,
        trace,
        add,
    } = integer;
    match place {
        Place::Memory(base, offset) => {
            a.load(size(kernel.bits), R0, (base, offset));
            if kernel.signed {
                cut(a, kernel);
            }
        }
        Place::Helper(helper, bit) => {
            a.call(helper);
            a.shift_right(R0, bit);
            cut(a, kernel);
        }
        Place::Constant(value) => a.set_number(R0, value),
        Place::Task(path) => {
            load_of_task(a, path, size(kernel.bits));
            cut(a, kernel);
        }
        Place::OwnNumber(number) => load_own_number(a, number),
    }
    if add != 0 {
        a.add(R0, add);
    }
    if add != 0 || trace != kernel {
        cut(a, trace);
    }
}

fn load_of_task(a: &mut Assembler, path: Path, last: Size) {
    a.call(Helper::GetCurrentTaskBtf);
    let steps = &path.steps[..usize::from(path.len)];
    for (place, step) in steps.iter().enumerate() {
        let is_last = place + 1 == steps.len();
        a.load(if is_last { last } else { Size::Eight }, R0, (R0, *step));
    }
}

fn load_own_number(a: &mut Assembler, number: OwnNumber) {
    a.call(Helper::GetCurrentTaskBtf);
    if let Some(leader) = number.leader {
        a.load(Size::Eight, R0, (R0, leader));
    }
    number.numbers.write_own(a, R0, [R2, R1], R0);
}

/// R0 is its lowest bits, and their sign.
fn cut(a: &mut Assembler, width: Width) {
    let above = 64 - width.bits.min(64).cast_signed();
    if above == 0 {
        return;
    }
    let back = match width.signed {
        true => Operation::ShiftRightSigned,
        false => Operation::ShiftRight,
    };
    a.shift_left(R0, above);
    a.operate(back, R0, above);
}

fn element(first: Integer, index: u32) -> Option<Operand> {
    let Place::Memory(base, offset) = first.place else {
        return None;
    };
    let distance = i16::try_from(index.checked_mul(first.kernel.bits / 8)?).ok()?;
    let place = Place::Memory(base, offset.checked_add(distance)?);
    Some(Operand::Integer(Integer { place, ..first }))
}

fn size(bits: u32) -> Size {
    match bits {
        0..=8 => Size::One,
        9..=16 => Size::Two,
        17..=32 => Size::Four,
        _ => Size::Eight,
    }
}
