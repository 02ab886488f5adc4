//! Spans of other languages, whose parts lie in memory of the program's.

use crate::site::Site;
use crate::span::current::{self, Place};
use crate::span::{Begun, SpanId};

/// Begins a span, if anybody wants an event of one of its sites: its id, and its process's own number.
pub fn begin_span(sites: impl Iterator<Item = &'static Site>) -> Option<(u64, u64)> {
    Begun::try_now(sites)?.parts()
}

/// Emits that something happens to a span, if anybody wants that, and the span began in this process.
pub fn tell_span(site: &'static Site, (id, origin): (u64, u64)) {
    Begun::from_parts(id, origin).tell(site);
}

/// The id of the thread's current span, or 0.
pub fn current_span() -> u64 {
    current::id().to_u64()
}

/// Makes a span the current one; what was current before, and how deep.
pub fn enter_span(id: u64) -> (u64, u32) {
    let place = current::enter(SpanId::from_u64(id));
    (place.before.to_u64(), place.depth)
}

/// Leaves what was entered then.
pub fn leave_span((before, depth): (u64, u32)) {
    let before = SpanId::from_u64(before);
    current::leave(Place { before, depth });
}
