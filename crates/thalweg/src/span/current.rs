//! The span that a thread is in.
//!
//! ```text
//!   depth   0        1           2          leave(place of outer) at depth 2: both are left
//!         none ─▶ outer ─▶ inner            leave(place of inner) then: left already, nothing to do
//! ```
//!
//! What was current before lies with whoever entered, so there is no stack to allocate, and a forked
//! child's spans have the parent that they had without the fork.

use super::id::SpanId;
use crate::tls;

/// What was around the thread before it entered a span.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) before: SpanId,
    pub(crate) depth: u32,
}

/// The current span.
#[inline(always)]
pub(crate) fn id() -> SpanId {
    SpanId::from_u64(tls::span().0)
}

/// Makes a span the current one.
#[inline(always)]
pub(crate) fn enter(id: SpanId) -> Place {
    let (before, depth) = tls::span();
    tls::set_span(id.to_u64(), depth.wrapping_add(1));
    Place {
        before: SpanId::from_u64(before),
        depth,
    }
}

/// Leaves what was entered, and all that was entered within it.
#[inline(always)]
pub(crate) fn leave(place: Place) {
    if tls::span().1 > place.depth {
        tls::set_span(place.before.to_u64(), place.depth);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_in_any_order_is_left_in_the_end() {
        let [outer, inner, next] = [1, 2, 3].map(SpanId::from_u64);
        let first = enter(outer);
        let second = enter(inner);
        assert_eq!(id(), inner);
        leave(first);
        assert_eq!(id(), SpanId::NONE);
        let third = enter(next);
        leave(third);
        leave(second);
        assert_eq!(id(), SpanId::NONE);
    }
}
