//! `thalweg doctor`: what this machine offers for tracing, what is missing, and what to do about it.
//!
//! ```text
//!   machine  clock  tracefs ─ instance  folders  memory  tools  remains
//!      └───────┴───────┴──────────┴────────┴───────┴───────┴──────┘
//!                           │ Finding: id, state, words, what to do
//!                           ▼
//!                     Report ─▶ text, JSON, exit status
//! ```
//!
//! Nothing is taken on trust from a version number where it can be tried: an instance is made and
//! removed again, a ring is mapped, a memory file is sealed.

mod clock;
mod finding;
mod folders;
mod functions;
mod instance;
mod json;
mod machine;
mod memory;
mod probe;
mod remains;
mod report;
mod run;
mod text;
mod tools;
mod tracefs;

pub(crate) use run::run;
