//! `libthalweg_dl.so`: libraries that come and go.
//!
//! ```text
//!   dlopen(name) ─▶ the real one ─▶ lttng_ust_dl:dlopen, build_id, debug_link
//!                                   lttng_ust_lib:load … for each library that is new
//!   dlclose(h)   ─▶ lttng_ust_dl:dlclose ─▶ the real one ─▶ lttng_ust_lib:unload … for each
//! ```
//!
//! Names and fields are those of LTTng's helper of the same purpose. What the program has from its
//! start is not told: nothing came or went.
//!
//! Invariants: the program loads what it would have loaded, from where it would have: the dynamic
//! linker looks beside the library that calls, and must not see us there (`as_caller`). All that is
//! read of a library is bounded: it may be any file.

#![allow(unsafe_code, reason = "it stands in for functions of the C library")]

mod arch;
mod as_caller;
mod events;
mod file;
mod known;
mod libraries;
mod object;
mod wrap;
