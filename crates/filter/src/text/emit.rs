//! From a tree to portable bytecode.
//!
//! ```text
//!   a && b && c    a, AND ─┐, b, AND ─┐, c, TRUTH, …        no TRUTH where c is one
//!                          └──────────┴───────────▲
//! ```

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::error::{Error, Problem};
use super::tree::{Expr, Literal, Node};
use crate::code;
use crate::operator::{Logic, Unary};
use crate::portable::MAX_LEN;

/// A compiled filter: fields are named, so that any event's code can be linked from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytecode(Vec<u8>);

impl Bytecode {
    /// Its bytes, at most [`MAX_LEN`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its bytes as lower-case hex text, for [`from_hex`](crate::from_hex()).
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(2 * self.0.len());
        for byte in &self.0 {
            write!(text, "{byte:02x}").expect("a string takes everything");
        }
        text
    }
}

/// The bytecode of a folded tree.
pub(crate) fn emit(expr: &Expr) -> Result<Bytecode, Error> {
    let mut emitter = Emitter {
        bytes: alloc::vec![code::VERSION],
        height: 0,
    };
    emitter.expr(expr)?;
    Ok(Bytecode(emitter.bytes))
}

/// Whether it gives 0 or 1 and nothing else.
const fn is_truth(expr: &Expr) -> bool {
    matches!(
        expr.node,
        Node::Comparison(..) | Node::Logic(..) | Node::Unary(Unary::Not, _)
    )
}

struct Emitter {
    bytes: Vec<u8>,
    /// Values on the stack.
    height: usize,
}

impl Emitter {
    fn expr(&mut self, expr: &Expr) -> Result<(), Error> {
        match &expr.node {
            Node::Unary(operator, operand) => {
                self.expr(operand)?;
                self.unary(*operator);
            }
            Node::Arithmetic(operator, operands) => {
                self.operands(operands, code::ARITHMETIC + *operator as u8)?;
            }
            Node::Comparison(comparison, operands) => {
                self.operands(operands, code::COMPARISON + *comparison as u8)?;
            }
            Node::Logic(operator, operands) => self.logic(*operator, operands)?,
            leaf => {
                self.height += 1;
                self.leaf(leaf);
            }
        }
        if self.height > code::MAX_DEPTH {
            return Err(Problem::TooManyOperands.at(expr.column));
        }
        if self.bytes.len() > MAX_LEN {
            return Err(Problem::TooLarge.at(expr.column));
        }
        Ok(())
    }

    fn operands(&mut self, operands: &[Expr; 2], op: u8) -> Result<(), Error> {
        for operand in operands {
            self.expr(operand)?;
        }
        self.height -= 1;
        self.bytes.push(op);
        Ok(())
    }

    fn unary(&mut self, operator: Unary) {
        let op = match operator {
            // Only the checker cares.
            Unary::Plus => return,
            Unary::Minus => code::MINUS,
            Unary::Not => code::NOT,
            Unary::BitNot => code::BIT_NOT,
        };
        self.bytes.push(op);
    }

    fn logic(&mut self, operator: Logic, operands: &[Expr]) -> Result<(), Error> {
        let op = match operator {
            Logic::And => code::AND,
            Logic::Or => code::OR,
        };
        let mut jumps = Vec::new();
        for (at, operand) in operands.iter().enumerate() {
            self.expr(operand)?;
            if at + 1 == operands.len() {
                if !is_truth(operand) {
                    self.bytes.push(code::TRUTH);
                }
            } else {
                self.bytes.extend([op, 0, 0]);
                jumps.push((self.bytes.len(), operand.column));
                self.height -= 1;
            }
        }
        for (behind, column) in jumps {
            let distance = u16::try_from(self.bytes.len() - behind);
            let distance = distance.map_err(|_| Problem::TooLarge.at(column))?;
            self.bytes[behind - 2..behind].copy_from_slice(&distance.to_le_bytes());
        }
        Ok(())
    }

    fn leaf(&mut self, leaf: &Node) {
        match leaf {
            Node::Literal(Literal::Int(value)) => {
                self.bytes.push(code::INT);
                self.bytes.extend(value.to_le_bytes());
            }
            Node::Literal(Literal::Float(value)) => {
                self.bytes.push(code::FLOAT);
                self.bytes.extend(value.to_bits().to_le_bytes());
            }
            Node::Literal(Literal::Text(parts)) => self.text(parts),
            Node::Field { name, index: None } => {
                self.bytes.push(code::FIELD);
                self.name(name);
            }
            Node::Field {
                name,
                index: Some(index),
            } => {
                self.bytes.push(code::ELEMENT);
                self.bytes.extend(index.to_le_bytes());
                self.name(name);
            }
            Node::Context(context) => self.bytes.extend([code::CONTEXT, *context as u8]),
            Node::App { provider, name } => {
                self.bytes.push(code::APP);
                self.name(provider);
                self.name(name);
            }
            Node::Unary(..) | Node::Arithmetic(..) | Node::Comparison(..) | Node::Logic(..) => {}
        }
    }

    /// The filter's text is bounded so that its parts can be counted.
    fn text(&mut self, parts: &[Vec<u8>]) {
        self.bytes.push(code::TEXT);
        self.bytes.extend((parts.len() as u16).to_le_bytes());
        for part in parts {
            self.bytes.extend((part.len() as u16).to_le_bytes());
            self.bytes.extend(part);
        }
    }

    /// The parser bounds names.
    fn name(&mut self, name: &str) {
        self.bytes.push(name.len() as u8);
        self.bytes.extend(name.bytes());
    }
}
