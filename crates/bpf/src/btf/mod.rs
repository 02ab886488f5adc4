//! BTF: the types of the running kernel, as it describes them itself.
//!
//! ```text
//!   header | types: name, kind and count, size or type, members … | strings
//! ```

mod function;
mod lookup;
mod parse;

pub use function::{Parameter, Prototype, Value};
pub use parse::{Btf, BtfError, Kind, TypeId};
