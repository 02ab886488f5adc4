//! Drains the rings of programs, checks what they claim, and writes packets to a trace on disk.

#![forbid(unsafe_code)]

pub mod sink;
