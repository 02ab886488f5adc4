//! The rules of the house that rustc and clippy do not know.
//!
//! ```text
//!   Cargo.toml, *.rs, *.md ──load──▶ House ──rule──▶ [Finding] ──▶ path:line: rule: words
//! ```
//!
//! Every rule is a function from the loaded house to its findings, and has below it a test that
//! shows it failing on a bad sample. No rule has a list of old sins that it forgives.

mod dependencies;
mod finding;
mod house;
mod layers;
mod licences;
mod purity;
mod rules;
mod shape;
mod source;
mod text;
mod tiers;
mod unsafety;

pub(crate) use rules::tidy;
