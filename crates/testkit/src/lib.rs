//! What several crates' tests need: a fake clock, scratch folders, other people's tools.

#![forbid(unsafe_code)]

mod tool;

pub use tool::{Ran, babeltrace2, babeltrace2_clean, finish, package, run};
