//! Whether the kinds of all operands fit their operators.
//!
//! Invariant: a filter that passes is never false because of a kind, for an event whose fields
//! have the kinds that were given.

use alloc::vec::Vec;

use super::error::{Error, Problem};
use super::fields::Fields;
use super::kind::Kind;
use super::near;
use super::tree::{Expr, Literal, Node};
use crate::operator::{Comparison, Unary};

/// Everything that is wrong, from left to right. Without `fields` every field is of unknown kind.
pub(crate) fn check<F: Fields + ?Sized>(expr: &Expr, fields: Option<&F>) -> Vec<Error> {
    let errors = Vec::new();
    let mut checker = Checker { fields, errors };
    let kind = checker.kind_of(expr);
    if !kind.is_integer() {
        checker.report(expr, Problem::NoTruth(kind));
    }
    checker.errors.sort_by_key(|error| error.column);
    checker.errors
}

struct Checker<'a, F: ?Sized> {
    fields: Option<&'a F>,
    errors: Vec<Error>,
}

impl<F: Fields + ?Sized> Checker<'_, F> {
    fn report(&mut self, expr: &Expr, problem: Problem) {
        self.errors.push(problem.at(expr.column));
    }

    /// The kind of an expression; `Unknown` where something was reported, so that it is said once.
    fn kind_of(&mut self, expr: &Expr) -> Kind {
        match &expr.node {
            Node::Literal(Literal::Int(_)) => Kind::Integer,
            Node::Literal(Literal::Float(_)) => Kind::Float,
            Node::Literal(Literal::Text(_)) => Kind::Text,
            Node::Field { name, index } => self.kind_of_field(expr, name, *index),
            Node::Context(context) if context.is_text() => Kind::Text,
            Node::Context(_) => Kind::Integer,
            Node::App { .. } => Kind::Unknown,
            Node::Unary(operator, operand) => {
                let needs_integer = *operator == Unary::BitNot;
                let kind = self.operand(operand, operator.symbol(), needs_integer);
                match operator {
                    Unary::Plus | Unary::Minus => kind,
                    Unary::Not | Unary::BitNot => Kind::Integer,
                }
            }
            Node::Arithmetic(operator, operands) => {
                let needs_integer = operator.needs_integers();
                let [left, right] = operands.each_ref();
                let left = self.operand(left, operator.symbol(), needs_integer);
                let right = self.operand(right, operator.symbol(), needs_integer);
                match (left, right) {
                    (Kind::Float, _) | (_, Kind::Float) => Kind::Float,
                    (Kind::Integer, Kind::Integer) => Kind::Integer,
                    _ if needs_integer => Kind::Integer,
                    _ => Kind::Unknown,
                }
            }
            Node::Comparison(comparison, operands) => {
                self.compare(expr, *comparison, operands);
                Kind::Integer
            }
            Node::Logic(operator, operands) => {
                for operand in operands {
                    self.operand(operand, operator.symbol(), false);
                }
                Kind::Integer
            }
        }
    }

    fn kind_of_field(&mut self, expr: &Expr, name: &str, index: Option<u32>) -> Kind {
        let Some(fields) = self.fields else {
            return Kind::Unknown;
        };
        let Some(kind) = fields.kind(name) else {
            let near = near::names(name, fields.names());
            let name = name.into();
            self.report(expr, Problem::UnknownField { name, near });
            return Kind::Unknown;
        };
        let name = name.into();
        let problem = match (kind.element(), index) {
            (None | Some(Kind::Unknown), None) => return kind,
            (Some(element), Some(index)) => match kind.length() {
                Some(length) if index >= length => Problem::BeyondList { name, length },
                _ => return element,
            },
            (None, Some(_)) => Problem::NotAList(name),
            (Some(_), None) => Problem::WholeList(name),
        };
        self.report(expr, problem);
        Kind::Unknown
    }

    /// The kind of an operand that has to be a number.
    fn operand(&mut self, expr: &Expr, operator: &'static str, needs_integer: bool) -> Kind {
        let found = self.kind_of(expr);
        if found.is_integer() || (found.is_number() && !needs_integer) {
            return found;
        }
        let problem = Problem::Operand {
            operator,
            needs_integer,
            found,
        };
        self.report(expr, problem);
        Kind::Unknown
    }

    fn compare(&mut self, expr: &Expr, comparison: Comparison, operands: &[Expr; 2]) {
        let [left, right] = operands.each_ref();
        let kinds = (self.kind_of(left), self.kind_of(right));
        for (side, kind) in [(left, kinds.0), (right, kinds.1)] {
            if kind == Kind::Structure {
                self.report(side, Problem::WholeStructure);
            }
        }
        let has_text = kinds.0 == Kind::Text || kinds.1 == Kind::Text;
        let has_number = [kinds.0, kinds.1]
            .iter()
            .any(|kind| matches!(kind, Kind::Integer | Kind::Float));
        if has_text && has_number {
            self.report(expr, Problem::Mixed);
        } else if has_text && comparison.equality().is_none() {
            self.report(expr, Problem::TextOrder(comparison.symbol()));
        } else if is_pattern(left) && is_pattern(right) {
            self.report(expr, Problem::TwoPatterns);
        }
    }
}

fn is_pattern(expr: &Expr) -> bool {
    matches!(&expr.node, Node::Literal(Literal::Text(parts)) if parts.len() > 1)
}
