//! From text to bytecode; the only part that allocates.
//!
//! ```text
//!   text ──lex──▶ tokens ──parse──▶ tree ──check──▶ tree ──fold──▶ smaller tree ──emit──▶ bytes
//! ```

mod check;
mod emit;
mod error;
mod fields;
mod filter;
mod fold;
mod kind;
mod lex;
mod literal;
mod near;
mod parse;
mod parts;
mod tree;

pub use emit::Bytecode;
pub use error::{Error, Problem};
pub use fields::Fields;
pub use filter::Filter;
pub use kind::Kind;
pub use near::names as near_names;
pub use parts::matches_parts;
pub use tree::{Expr, Literal, Node};
