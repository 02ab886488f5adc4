//! `situations NAME EVENTS`: events in places where tracers have trouble. Each piece of work emits that
//! many on an account of its own.

#![allow(
    unsafe_code,
    reason = "processes, threads and signals as C programs make them"
)]

mod ends;
mod life;
mod limits;
mod processes;
mod rights;
mod signals;
mod threads;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    life::remember();
    let known = processes::run(&name)
        || ends::run(&name)
        || threads::run(&name)
        || signals::run(&name)
        || rights::run(&name)
        || limits::run(&name);
    assert!(known, "no situation {name}");
}
