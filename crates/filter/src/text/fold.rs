//! Computes what is constant, and brings constants to the right of comparisons.
//!
//! What has no value, such as `1 / 0`, is left as it is: it makes the filter false only if it is
//! reached.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::parts::matches_parts;
use super::tree::{Expr, Literal, Node};
use crate::operator::{Arithmetic, Comparison, Number, Unary};

/// The same filter with fewer nodes.
pub(crate) fn fold(expr: &Expr) -> Expr {
    let node = match &expr.node {
        Node::Unary(operator, operand) => unary(*operator, fold(operand)),
        Node::Arithmetic(operator, operands) => {
            let [left, right] = operands.each_ref().map(fold);
            arithmetic(*operator, left, right)
        }
        Node::Comparison(comparison, operands) => {
            let [left, right] = operands.each_ref().map(fold);
            compare(*comparison, left, right)
        }
        Node::Logic(operator, operands) => {
            Node::Logic(*operator, operands.iter().map(fold).collect::<Vec<_>>())
        }
        leaf => leaf.clone(),
    };
    Expr {
        column: expr.column,
        node,
    }
}

fn unary(operator: Unary, operand: Expr) -> Node {
    let value = number(&operand).and_then(|value| operator.apply(value));
    value.map_or_else(|| Node::Unary(operator, Box::new(operand)), literal)
}

fn arithmetic(operator: Arithmetic, left: Expr, right: Expr) -> Node {
    let numbers = number(&left).zip(number(&right));
    let value = numbers.and_then(|(left, right)| operator.apply(left, right));
    value.map_or_else(
        || Node::Arithmetic(operator, Box::new([left, right])),
        literal,
    )
}

fn compare(comparison: Comparison, left: Expr, right: Expr) -> Node {
    let numbers = number(&left).zip(number(&right));
    let by_number = numbers.map(|(left, right)| comparison.holds(left, right));
    let by_text = || Some(are_equal_texts(&left, &right)? == comparison.equality()?);
    if let Some(holds) = by_number.or_else(by_text) {
        return literal(Number::Int(i64::from(holds)));
    }
    if matches!(left.node, Node::Literal(_)) {
        return Node::Comparison(comparison.mirrored(), Box::new([right, left]));
    }
    Node::Comparison(comparison, Box::new([left, right]))
}

const fn number(expr: &Expr) -> Option<Number> {
    match expr.node {
        Node::Literal(Literal::Int(value)) => Some(Number::Int(value)),
        Node::Literal(Literal::Float(value)) => Some(Number::Float(value)),
        _ => None,
    }
}

const fn literal(value: Number) -> Node {
    Node::Literal(match value {
        Number::Int(value) => Literal::Int(value),
        Number::Float(value) => Literal::Float(value),
    })
}

/// Whether two constant texts are equal, of which the checker lets one have stars.
fn are_equal_texts(left: &Expr, right: &Expr) -> Option<bool> {
    let (Node::Literal(Literal::Text(left)), Node::Literal(Literal::Text(right))) =
        (&left.node, &right.node)
    else {
        return None;
    };
    match (left.as_slice(), right.as_slice()) {
        ([text], parts) | (parts, [text]) => Some(matches_parts(parts, text)),
        _ => None,
    }
}
