//! A span: two events with a scope between them.

use crate::emit::emit;
use crate::field::Nothing;
use crate::gate::is_open;
use crate::site::Site;

/// Emits the span's end when it is dropped. Made by [`span!`](crate::span!).
#[must_use = "a span ends where it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct Span {
    end: &'static Site,
}

impl Span {
    /// A span that ends with an event of this site.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(end: &'static Site) -> Self {
        Self { end }
    }
}

impl Drop for Span {
    #[inline(always)]
    fn drop(&mut self) {
        if is_open(self.end.gate()) {
            emit(self.end, Nothing);
        }
    }
}
