//! A filter as a tree.
//!
//! Invariant: it is at most [`MAX_TREE_DEPTH`] deep, so that whoever walks it may recurse; chains
//! of `&&` and of `||`, which people make long, are one node.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::context::Context;
use crate::operator::{Arithmetic, Comparison, Logic, Unary};

/// How deep a tree can be.
pub(crate) const MAX_TREE_DEPTH: usize = 256;

/// A part of a filter, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Column of its operator, or of its first character; the first is 1.
    pub column: usize,
    /// What it is.
    pub node: Node,
}

impl Expr {
    /// What its operator joins.
    pub fn operands(&self) -> &[Self] {
        match &self.node {
            Node::Literal(_) | Node::Field { .. } | Node::Context(_) | Node::App { .. } => &[],
            Node::Unary(_, operand) => core::slice::from_ref(&**operand),
            Node::Arithmetic(_, operands) => &operands[..],
            Node::Comparison(_, operands) => &operands[..],
            Node::Logic(_, operands) => operands,
        }
    }

    /// It, and every part of it, as they are written with each operator before its operands.
    pub fn parts(&self) -> impl Iterator<Item = &Self> {
        let mut left = alloc::vec![self];
        core::iter::from_fn(move || {
            let next = left.pop()?;
            left.extend(next.operands().iter().rev());
            Some(next)
        })
    }

    /// The names of the fields that it needs, as often as they are there.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts().filter_map(|part| match &part.node {
            Node::Field { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it needs a context.
    pub fn asks_for(&self, context: Context) -> bool {
        self.parts().any(|part| part.node == Node::Context(context))
    }
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A constant.
    Literal(Literal),
    /// A field, or an element of a list: for `a.b[3].c[4]` the name is `a.b[3].c`, the index 4.
    Field {
        /// The path to it.
        name: String,
        /// Which element.
        index: Option<u32>,
    },
    /// `$ctx.NAME`.
    Context(Context),
    /// `$app.PROVIDER:NAME`.
    App {
        /// Who provides it.
        provider: String,
        /// Its name.
        name: String,
    },
    /// An operator and its operand.
    Unary(Unary, Box<Expr>),
    /// A number of two numbers.
    Arithmetic(Arithmetic, Box<[Expr; 2]>),
    /// A comparison.
    Comparison(Comparison, Box<[Expr; 2]>),
    /// Two operands or more, all joined by the same operator.
    Logic(Logic, Vec<Expr>),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// An integer; above `i64::MAX` its 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// What stands before, between and behind the stars of a text; one part if it has none.
    Text(Vec<Vec<u8>>),
}
