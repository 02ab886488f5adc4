//! Spans of all kinds. What the test compares are events and ids, so the threads take turns.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tracing::field::Empty;
use tracing::{Instrument as _, info, info_span, instrument};

pub(crate) fn spans() {
    nested();
    recorded();
    followed();
    explicit();
    assert_eq!(block_on(request(7, "Ada")), 14);
    block_on(async { info!(name: "inside", "in") }.instrument(info_span!("block")));
    moves();
}

fn nested() {
    let outer = info_span!("outer", id = 1);
    let _outer = outer.enter();
    let inner = info_span!("inner", name = "Ada").entered();
    info!(name: "event", a = 1);
    drop(inner);
}

fn recorded() {
    let span = info_span!(
        "late",
        id = Empty,
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    span.record("id", 7);
    span.record("id", "seven");
}

fn followed() {
    let cause = info_span!("cause");
    let effect = info_span!("effect");
    effect.follows_from(&cause);
}

fn explicit() {
    let parent = info_span!("parent");
    info!(name: "of_parent", parent: &parent, a = 1);
    let _child = info_span!(parent: &parent, "child");
    let _root = info_span!(parent: None, "root");
}

/// Comes back twice before it is done.
#[instrument]
async fn request(id: u32, customer: &str) -> u32 {
    info!(name: "received", "got it");
    Yields(2).await;
    id * 2
}

struct Yields(u32);

impl Future for Yields {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

/// The smallest executor.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(value) = polled {
            return value;
        }
    }
}

/// One span on three threads: each polls the future once.
fn moves() {
    let mut future: Pin<Box<dyn Future<Output = ()> + Send>> =
        Box::pin(Yields(2).instrument(info_span!("moving", id = 3)));
    for _ in 0..3 {
        let thread = std::thread::spawn(move || {
            let _ = future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            future
        });
        future = thread.join().expect("it does not panic");
    }
}
