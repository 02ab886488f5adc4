//! From a filter's tree to a predicate, or to the part that the kernel cannot tell.

use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;

use super::bits::BitNumber;
use super::operand::{IntegerOperand, Kinds, Operand, Operands, TextOperand, Width};
use super::predicate::Predicate;
use crate::context::Context;
use crate::operator::{Arithmetic, Comparison, Logic, Unary};
use crate::text::{Error, Expr, Filter, Literal, Node, Problem};

/// The kernel takes a page, its end included.
const MOST_BYTES: usize = 4095;

/// A filter in the kernel's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lowered {
    /// It passes every event.
    Always,
    /// It passes none.
    Never,
    /// What to write to the event's `filter`.
    Predicate(String),
}

/// Why a filter has no words in the kernel's language.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It does not fit the event's fields, so that it would never pass.
    Unfit(Error),
    /// The kernel cannot tell a part of it.
    Beyond {
        /// Where that stands; the first column is 1.
        column: usize,
        /// What it is, and what the kernel can tell.
        why: String,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(error) => error.fmt(f),
            Self::Beyond { column, why } => write!(f, "column {column}: {why}"),
        }
    }
}

impl core::error::Error for Refusal {}

/// The filter for an event with these fields.
///
/// # Errors
/// It does not fit the fields, or the kernel cannot tell a part of it.
pub fn lower<O: Operands + ?Sized>(filter: &Filter, operands: &O) -> Result<Lowered, Refusal> {
    if let Err(errors) = filter.check(&Kinds(operands)) {
        let is_missing = |error: &&Error| matches!(error.problem, Problem::UnknownField { .. });
        let first = errors.iter().find(is_missing).or(errors.first());
        return Err(Refusal::Unfit(first.expect("there is one").clone()));
    }
    let lowered = Lowering { operands }.truth(&filter.folded())?;
    match lowered {
        Predicate::Known(true) => Ok(Lowered::Always),
        Predicate::Known(false) => Ok(Lowered::Never),
        predicate => sized(predicate.to_string()).map(Lowered::Predicate),
    }
}

fn sized(text: String) -> Result<String, Refusal> {
    match text.len() {
        0..=MOST_BYTES => Ok(text),
        len => Err(beyond(
            1,
            format!("the kernel's words for it have {len} bytes, and it takes {MOST_BYTES}"),
        )),
    }
}

fn beyond(column: usize, why: impl Into<String>) -> Refusal {
    let why = why.into();
    Refusal::Beyond { column, why }
}

struct Lowering<'o, O: ?Sized> {
    operands: &'o O,
}

/// What stands on the left of a comparison.
enum Left<'o> {
    Integer(IntegerOperand<'o>),
    Bits(BitNumber<'o>),
    Text(TextOperand<'o>),
}

impl<'o, O: Operands + ?Sized> Lowering<'o, O> {
    /// When an expression is true.
    fn truth(&self, expr: &Expr) -> Result<Predicate, Refusal> {
        match &expr.node {
            Node::Literal(Literal::Int(value)) => Ok(Predicate::Known(*value != 0)),
            Node::Literal(Literal::Float(value)) => Ok(Predicate::Known(*value != 0.0)),
            Node::Unary(Unary::Not, operand) => self.truth(operand).map(Predicate::negated),
            Node::Unary(Unary::Plus | Unary::Minus, operand) => self.truth(operand),
            Node::Logic(logic, operands) => {
                let parts = operands.iter().map(|operand| self.truth(operand));
                let parts = parts.collect::<Result<alloc::vec::Vec<_>, _>>()?;
                Ok(match logic {
                    Logic::And => Predicate::all(parts),
                    Logic::Or => Predicate::any(parts),
                })
            }
            Node::Comparison(comparison, operands) => self.compare(*comparison, operands),
            _ => self.compare_number(expr, Comparison::Ne, 0),
        }
    }

    fn compare(&self, comparison: Comparison, operands: &[Expr; 2]) -> Result<Predicate, Refusal> {
        let [left, right] = operands;
        match &right.node {
            Node::Literal(Literal::Int(constant)) => {
                self.compare_number(left, comparison, *constant)
            }
            Node::Literal(Literal::Text(parts)) => {
                let Left::Text(text) = self.left(left)? else {
                    return Err(beyond(left.column, "a text is compared with what is none"));
                };
                let cannot =
                    |what| beyond(right.column, format!("the kernel's filters know no {what}"));
                let equals = text.equals(parts).map_err(cannot)?;
                match comparison.equality() {
                    Some(false) => Ok(equals.negated()),
                    _ => Ok(equals),
                }
            }
            Node::Literal(Literal::Float(_)) => Err(beyond(
                right.column,
                "the kernel's filters compare with integers, not with floats",
            )),
            _ => Err(beyond(
                right.column,
                "the kernel's filters compare a field with a constant, not with this",
            )),
        }
    }

    fn compare_number(
        &self,
        left: &Expr,
        comparison: Comparison,
        constant: i64,
    ) -> Result<Predicate, Refusal> {
        match self.left(left)? {
            Left::Integer(integer) => Ok(integer.compare(comparison, constant)),
            Left::Bits(number) => Ok(number.compare(comparison, constant)),
            Left::Text(_) => Err(beyond(left.column, "a text is compared with a number")),
        }
    }

    fn left(&self, expr: &Expr) -> Result<Left<'o>, Refusal> {
        match &expr.node {
            Node::Field { name, index: None } => self.field(expr.column, name),
            Node::Field { .. } => Err(beyond(
                expr.column,
                "the kernel's filters look at fields, not at elements of them",
            )),
            Node::Context(context) => context_of(*context).ok_or_else(|| {
                let name = context.name();
                beyond(
                    expr.column,
                    format!(
                        "the kernel's filters know no $ctx.{name}, but $ctx.tid, $ctx.procname and \
                         $ctx.cpu_id"
                    ),
                )
            }),
            Node::Arithmetic(Arithmetic::And, operands) => self.masked(expr.column, operands),
            Node::Arithmetic(operator, _) => Err(beyond(
                expr.column,
                format!("the kernel's filters know no `{}`", operator.symbol()),
            )),
            Node::Unary(operator, _) => Err(beyond(
                expr.column,
                format!(
                    "the kernel's filters know no `{}` of a number",
                    operator.symbol()
                ),
            )),
            Node::App { .. } => Err(beyond(
                expr.column,
                "programs have contexts of their own, kernels have none",
            )),
            _ => Err(beyond(
                expr.column,
                "the kernel's filters compare fields, not what comes of a comparison",
            )),
        }
    }

    fn field(&self, column: usize, name: &str) -> Result<Left<'o>, Refusal> {
        match self.operands.operand(name) {
            Some(Operand::Integer(integer)) => Ok(Left::Integer(integer)),
            Some(Operand::Text(text)) => Ok(Left::Text(text)),
            Some(Operand::Closed(why)) => Err(beyond(
                column,
                format!("`{name}` cannot be filtered: {why}"),
            )),
            // The check has found members of what has none.
            None => Err(beyond(column, format!("`{name}` is no field of the event"))),
        }
    }

    /// `field & MASK`, either way round.
    fn masked(&self, column: usize, operands: &[Expr; 2]) -> Result<Left<'o>, Refusal> {
        let [left, right] = operands;
        let (field, mask) = match (&left.node, &right.node) {
            (_, Node::Literal(Literal::Int(mask))) => (left, *mask),
            (Node::Literal(Literal::Int(mask)), _) => (right, *mask),
            _ => {
                return Err(beyond(
                    column,
                    "the kernel's `&` is for a field and a constant",
                ));
            }
        };
        let Left::Integer(integer) = self.left(field)? else {
            return Err(beyond(
                column,
                "the kernel's `&` is for a field and a constant",
            ));
        };
        let number = BitNumber::masked(integer, mask);
        let number = number.ok_or_else(|| {
            beyond(
                column,
                "the kernel's record has not all of these bits as the trace has them",
            )
        })?;
        Ok(Left::Bits(number))
    }
}

/// What the kernel's filters know besides the fields.
fn context_of(context: Context) -> Option<Left<'static>> {
    let int = Width {
        bits: 32,
        signed: true,
    };
    let integer = |name| {
        Left::Integer(IntegerOperand {
            name,
            kernel: int,
            trace: int,
            add: 0,
        })
    };
    match context {
        Context::Tid => Some(integer("common_pid")),
        Context::CpuId => Some(integer("CPU")),
        Context::Procname => Some(Left::Text(TextOperand {
            name: "COMM",
            room: Some(16),
        })),
        _ => None,
    }
}
