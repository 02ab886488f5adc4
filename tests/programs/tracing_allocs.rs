//! `tracing_allocs layer|nothing`: counts allocations while events and spans happen, each call site
//! for the second time, with our layer or with one that does nothing over the same registry. Says
//! `control N events M spans L`.

#![allow(unsafe_code, reason = "it stands before the allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use tracing::{info, info_span};
use tracing_subscriber::prelude::*;

struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, SeqCst);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        CALLS.fetch_add(1, SeqCst);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        CALLS.fetch_add(1, SeqCst);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls_of(action: impl Fn()) -> u64 {
    let before = CALLS.load(SeqCst);
    action();
    CALLS.load(SeqCst) - before
}

/// Does nothing, and wants everything.
struct Nothing;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Nothing {}

/// Longer than all that the layer copies.
const LONG: &str = match str::from_utf8(&[b'x'; 10_000]) {
    Ok(text) => text,
    Err(_) => "",
};

fn events() {
    for n in 0..10_000_u64 {
        let name = (n % 2 == 0).then_some("even");
        info!(name: "typed", n, half = n as f64 / 2.0, bytes = &[1_u8, 2][..], name);
        info!(name: "shown", list = ?[n, n], "no. {n} of {}", 10_000);
        log::info!("no. {n}");
        if n % 100 == 0 {
            info!(name: "long", before = n, text = LONG, more = LONG, shown = ?LONG);
        }
    }
}

fn spans() {
    for n in 0..10_000_u64 {
        let span = info_span!("span", n, late = tracing::field::Empty);
        span.record("late", n);
        let _entered = span.enter();
        info!(name: "inside", n);
    }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("layer") => thalweg_tracing::init().expect("nobody else was here before"),
        _ => {
            let subscriber = tracing_subscriber::registry().with(Nothing);
            tracing::subscriber::set_global_default(subscriber).expect("it is the first");
        }
    }
    let control = calls_of(|| drop(std::hint::black_box(Box::new(1))));
    for _ in 0..2 {
        events();
        spans();
    }
    let (events, spans) = (calls_of(events), calls_of(spans));
    println!("control {control} events {events} spans {spans}");
}
