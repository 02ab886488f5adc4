//! `libthalweg_functions.so`: functions of programs that were built with
//! `-finstrument-functions`.
//!
//! ```text
//!   f() { __cyg_profile_func_enter(f, caller)   lttng_ust_cyg_profile:func_entry
//!         …
//!         __cyg_profile_func_exit(f, caller) }  lttng_ust_cyg_profile:func_exit
//! ```
//!
//! Names and fields are those of LTTng's helper of the same purpose.

#![allow(
    unsafe_code,
    reason = "the compiler's hooks have names for the dynamic linker"
)]

mod hooks;
