//! What can be wrong with a filter, and where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::kind::Kind;
use super::tree::MAX_TREE_DEPTH;
use crate::code::{MAX_APP_NAME, MAX_DEPTH, MAX_NAME, MAX_NESTING};
use crate::context::Context;
use crate::portable::MAX_LEN;

/// A filter that cannot be used: `column 7: expected a value, found `&&``.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// Where, in characters; the first is 1.
    pub column: usize,
    /// What.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// Something else should stand here.
    Expected {
        /// What.
        what: &'static str,
        /// What stands here instead; empty at the end.
        found: String,
    },
    /// This character begins nothing.
    Character(char),
    /// A text has no closing quote.
    OpenText,
    /// No character has this escape.
    Escape(String),
    /// Digits that are not a number.
    Number(String),
    /// An integer that does not fit into 64 bits, or an index into 32.
    NumberTooLarge(String),
    /// A name has more bytes than the limit.
    NameTooLong {
        /// The limit.
        limit: usize,
    },
    /// There is no such context.
    UnknownContext {
        /// As written.
        name: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// The event has no such field.
    UnknownField {
        /// As written.
        name: String,
        /// Names that look like it.
        near: Vec<String>,
    },
    /// A list stands where one value is needed.
    WholeList(String),
    /// A structure is compared with something.
    WholeStructure,
    /// An index that no such list has.
    BeyondList {
        /// The list.
        name: String,
        /// How many elements it has.
        length: u32,
    },
    /// An index behind something that is no list.
    NotAList(String),
    /// An operator has an operand of the wrong kind.
    Operand {
        /// The operator.
        operator: &'static str,
        /// Whether only integers will do.
        needs_integer: bool,
        /// What the operand is.
        found: Kind,
    },
    /// A text is compared with a number.
    Mixed,
    /// Texts are compared with `<` or its like.
    TextOrder(&'static str),
    /// Both sides of a comparison are texts with stars.
    TwoPatterns,
    /// The whole filter is neither true nor false.
    NoTruth(Kind),
    /// Parentheses or signs within one another, or operators in a row.
    TooDeep,
    /// More values wait for their operator than the evaluator's stack holds.
    TooManyOperands,
    /// Its text is longer than [`MAX_LEN`].
    TooLong,
    /// The bytecode would be larger than [`MAX_LEN`].
    TooLarge,
}

impl Problem {
    pub(crate) const fn at(self, column: usize) -> Error {
        Error {
            column,
            problem: self,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.problem)
    }
}

impl core::error::Error for Error {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected { what, found } if found.is_empty() => {
                write!(f, "expected {what}, found the end")
            }
            Self::Expected { what, found } => write!(f, "expected {what}, found `{found}`"),
            Self::Character(character) => write!(f, "no filter has {character:?} here"),
            Self::OpenText => f.write_str("the text that begins here has no closing `\"`"),
            Self::Escape(escape) => write!(f, "no character has the escape `{escape}`"),
            Self::Number(digits) => write!(f, "`{digits}` is not a number"),
            Self::NumberTooLarge(digits) => write!(f, "the number `{digits}` is too large"),
            Self::NameTooLong { limit } => write!(f, "the name has more than {limit} bytes"),
            Self::UnknownContext { name, near } => unknown_context(f, name, near),
            Self::UnknownField { name, near } => {
                write!(f, "the event has no field `{name}`")?;
                suggestions(f, near)
            }
            Self::Operand {
                operator,
                needs_integer,
                found,
            } => {
                let wanted = if *needs_integer {
                    "integers"
                } else {
                    "numbers"
                };
                write!(f, "`{operator}` is for {wanted}, not for {found}")
            }
            Self::WholeStructure => f.write_str("a structure is compared; say which member"),
            Self::Mixed => f.write_str("a text and a number are compared"),
            Self::TextOrder(operator) => {
                write!(f, "texts have no `{operator}`, only `==` and `!=`")
            }
            Self::TwoPatterns => f.write_str("two texts with stars are compared"),
            Self::NoTruth(found) => {
                write!(
                    f,
                    "{found} is neither true nor false; compare it with something"
                )
            }
            Self::WholeList(_) | Self::NotAList(_) | Self::BeyondList { .. } => self.of_list(f),
            Self::TooDeep | Self::TooManyOperands | Self::TooLong | Self::TooLarge => {
                self.of_limit(f)
            }
        }
    }
}

impl Problem {
    /// What is said of a list and its index.
    fn of_list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WholeList(name) => {
                write!(
                    f,
                    "`{name}` is a list; say which element, as in `{name}[0]`"
                )
            }
            Self::BeyondList { name, length } => {
                write!(
                    f,
                    "`{name}` has {length} elements, the first is `{name}[0]`"
                )
            }
            Self::NotAList(name) => write!(f, "`{name}` is not a list"),
            _ => Ok(()),
        }
    }

    /// What is said of a limit.
    fn of_limit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(
                f,
                "nested more than {MAX_NESTING} deep, or more than {MAX_TREE_DEPTH} operators in a row"
            ),
            Self::TooManyOperands => {
                write!(f, "more than {MAX_DEPTH} values wait for their operator")
            }
            Self::TooLong => write!(f, "the filter has more than {MAX_LEN} bytes"),
            Self::TooLarge => write!(f, "the filter has more than {MAX_LEN} bytes as bytecode"),
            _ => Ok(()),
        }
    }
}

const _: () = assert!(MAX_APP_NAME < MAX_NAME, "one length byte holds either");

fn unknown_context(f: &mut fmt::Formatter<'_>, name: &str, near: &[String]) -> fmt::Result {
    write!(f, "no context is called `{name}`")?;
    suggestions(f, near)?;
    f.write_str("; there are")?;
    for (at, context) in Context::ALL.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(f, "{comma} {}", context.name())?;
    }
    Ok(())
}

fn suggestions(f: &mut fmt::Formatter<'_>, near: &[String]) -> fmt::Result {
    for (at, name) in near.iter().enumerate() {
        let before = if at == 0 { " (did you mean" } else { " or" };
        write!(f, "{before} `{name}`")?;
    }
    if !near.is_empty() {
        f.write_str("?)")?;
    }
    Ok(())
}
