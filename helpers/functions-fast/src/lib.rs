//! `libthalweg_functions_fast.so`: functions of programs that were built with
//! `-finstrument-functions`, in as few bytes as tell them.
//!
//! ```text
//!   f() { __cyg_profile_func_enter(f, caller)   lttng_ust_cyg_profile_fast:func_entry { addr }
//!         …
//!         __cyg_profile_func_exit(f, caller) }  lttng_ust_cyg_profile_fast:func_exit { }
//! ```
//!
//! Names and fields are those of LTTng's helper of the same purpose. Which function ends follows
//! from the order of a thread's events, if none of them was lost.

#![allow(
    unsafe_code,
    reason = "the compiler's hooks have names for the dynamic linker"
)]

mod hooks;
