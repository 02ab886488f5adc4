//! `thalweg list`: the events that there are, by the names under which they are recorded.
//!
//! ```text
//!   -k         tracefs's events         NAME  SUBSYSTEM:EVENT
//!   --syscall  calls with payload       NAME  NUMBER
//!   -u         programs that run now    NAME[PID], then NAME  LEVEL
//!     --fields                          below each: its fields in the trace
//!   --probe    what can be probed       PLACE  FIELD:TYPE …
//! ```

mod args;
mod class;
mod kernel;
mod probe;
mod run;
mod user;

pub(crate) use args::Args;
pub(crate) use run::run;
