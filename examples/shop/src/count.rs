//! How many events the shop emitted, counted beside the tracer and after each call.

use std::sync::atomic::{AtomicU64, Ordering};

static EVENTS: AtomicU64 = AtomicU64::new(0);

/// One more event call has returned.
pub(crate) fn one() {
    // Read only after all threads were joined: no order with other memory is needed.
    EVENTS.fetch_add(1, Ordering::Relaxed);
}

/// All events so far.
pub(crate) fn total() -> u64 {
    EVENTS.load(Ordering::Relaxed)
}
