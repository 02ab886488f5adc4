//! A filter that can be used: its text was understood, and nothing in it contradicts itself.

use alloc::vec::Vec;
use core::str::FromStr;

use super::check::check;
use super::emit::{Bytecode, emit};
use super::error::{Error, Problem};
use super::fields::Fields;
use super::fold::fold;
use super::kind::Kind;
use super::parse::parse;
use super::tree::{Expr, Node};
use crate::operator::Logic;
use crate::portable::MAX_LEN;

/// A filter, from [`FromStr`].
///
/// ```
/// use thalweg_filter::{Filter, Kind};
///
/// let filter: Filter = "size > 4096 && name == \"a*\"".parse()?;
/// let fields = [("size", Kind::Integer), ("name", Kind::Text)];
/// assert_eq!(filter.check(&fields[..]), Ok(()));
/// assert!(filter.compile()?.as_bytes().len() < 64);
///
/// let error = "size > && 1".parse::<Filter>().unwrap_err();
/// assert_eq!(error.to_string(), "column 8: expected a value, found `&&`");
/// # Ok::<(), thalweg_filter::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    expr: Expr,
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text, |_| true)
    }
}

impl Filter {
    /// An expression of the same language, which may be a text or any number: not a filter by itself, but
    /// what somebody wants the value of.
    ///
    /// # Errors
    /// As those of a filter, but that it need be neither true nor false.
    pub fn of_value(text: &str) -> Result<Self, Error> {
        Self::parse(text, |error| !matches!(error.problem, Problem::NoTruth(_)))
    }

    fn parse(text: &str, counts: impl Fn(&Error) -> bool) -> Result<Self, Error> {
        if text.len() > MAX_LEN {
            return Err(Problem::TooLong.at(1));
        }
        let expr = parse(text)?;
        let errors = check::<[(&str, Kind)]>(&expr, None);
        match errors.into_iter().find(counts) {
            Some(error) => Err(error),
            None => Ok(Self { expr }),
        }
    }

    /// Its tree.
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Whether it fits an event with these fields; else everything that does not, from left to
    /// right.
    pub fn check<F: Fields + ?Sized>(&self, fields: &F) -> Result<(), Vec<Error>> {
        let errors = check(&self.expr, Some(fields));
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Its tree, with what is constant computed.
    pub fn folded(&self) -> Expr {
        fold(&self.expr)
    }

    /// What must be true, each by itself: one filter, or those that `&&` joins.
    pub fn parts(&self) -> Vec<Self> {
        match self.folded() {
            Expr {
                node: Node::Logic(Logic::And, parts),
                ..
            } => parts.into_iter().map(|expr| Self { expr }).collect(),
            expr => [Self { expr }].into(),
        }
    }

    /// Its bytecode.
    pub fn compile(&self) -> Result<Bytecode, Error> {
        emit(&self.folded())
    }
}
