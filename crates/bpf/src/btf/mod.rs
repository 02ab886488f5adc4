//! BTF: the types of the running kernel, as it describes them itself.
//!
//! ```text
//!   header | types: name, kind and count, size or type, members … | strings
//! ```

mod function;
mod layout;
mod lookup;
mod parse;

pub use function::{Parameter, Prototype, Value};
pub use layout::{Layout, LayoutMember, MemberShape};
pub use parse::{Btf, BtfError, Kind, TypeId};
