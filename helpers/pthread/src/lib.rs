//! `libthalweg_pthread.so`: who asks for a mutex, gets it, and gives it back.
//!
//! ```text
//!   pthread_mutex_lock(m)     lock_req {m} ─▶ the real one ─▶ lock_acq {m, status}
//!   pthread_mutex_trylock(m)                  the real one ─▶ trylock {m, status}
//!   pthread_mutex_unlock(m)                   the real one ─▶ unlock {m, status}
//! ```
//!
//! Names and fields are those of LTTng's helper of the same purpose. What the C library locks
//! within itself, in `pthread_cond_wait` too, calls no function that can be stood in for.

#![allow(unsafe_code, reason = "it stands in for functions of the C library")]

mod mutex;
mod real;
