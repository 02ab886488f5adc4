//! `thalweg list`: what can be recorded.

mod probe;
mod run;

pub(crate) use run::{Args, run};
