//! Threads that emit, a call site that is asked, a second layer.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tracing::{Level, info, info_span};
use tracing_subscriber::Layer;
use tracing_subscriber::prelude::*;

use crate::places;

/// In each turn a thread emits an event and a span's four.
pub(crate) fn threads(count: u64, each: u64) {
    std::thread::scope(|scope| {
        for thread in 0..count {
            scope.spawn(move || (0..each).for_each(|n| turn(thread, n)));
        }
    });
    println!("emitted {}", count * each * 5);
}

fn turn(thread: u64, n: u64) {
    let _span = info_span!("turn", thread).entered();
    info!(name: "tick", thread, n, odd = (n % 2 == 1).then_some("odd"), "tick {n}");
}

/// A call site goes to sleep when nobody wants it, and wakes when a recorder comes.
pub(crate) fn watched() {
    thalweg_tracing::start_watcher().expect("a thread can be had");
    let place = places::callsite("watched");
    assert!(!place.interest().is_never(), "nobody knows it yet");
    places::emit(place, 0);
    wait_until("sleep", || place.interest().is_never());
    println!("sleeps");
    wait_until("wake", || !place.interest().is_never());
    (1..=100).for_each(|number| places::emit(place, number));
    println!("emitted 100");
    wait_until("sleep again", || place.interest().is_never());
    println!("sleeps");
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(
            Instant::now() < end,
            "waited 20 s in vain for the call site to {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Counts what it sees.
struct Counter;

static SEEN: AtomicU64 = AtomicU64::new(0);

impl<S: tracing::Subscriber> Layer<S> for Counter {
    fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        SEEN.fetch_add(1, SeqCst);
    }
}

/// Emits what the recorder wants and what it does not: the other layer sees both.
pub(crate) fn beside() {
    let subscriber = tracing_subscriber::registry()
        .with(thalweg_tracing::layer())
        .with(Counter);
    tracing::subscriber::set_global_default(subscriber).expect("it is the first");
    for n in 0..100 {
        info!(name: "wanted", n);
        tracing::debug!(name: "unwanted", n);
        assert!(tracing::enabled!(Level::TRACE), "the other layer wants it");
    }
    println!("seen {}", SEEN.load(SeqCst));
}
