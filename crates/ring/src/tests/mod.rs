//! Tests that need the steps of [`crate::step`], and all that fit beside them.

#[path = "../../tests/common/mod.rs"]
mod common;

mod abandoned;
mod death;
mod full;
mod gaps;
mod hostile;
mod nested;
mod order;
mod overwrite;
mod patience;
mod run;
mod signals;
mod withdrawn;
mod world;
