//! What one thread does from here to there.

use super::begun::Begun;
use super::current::{self, Place};
use super::id::SpanId;
use crate::site::Site;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// A span that ends when it is dropped. Made by [`span!`](crate::span!).
///
/// Until then it is the thread's current one, so it stays with the thread that began it. Work that
/// moves between threads has a [`TaskSpan`](crate::TaskSpan).
///
/// ```compile_fail
/// let span = thalweg::span!("shop:request", Info);
/// std::thread::spawn(move || drop(span));
/// ```
#[must_use = "a span ends where it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct Span {
    end: &'static Site,
    begun: Begun,
    /// There if the span is.
    place: MaybeUninit<Place>,
    of_thread: PhantomData<*const ()>,
}

impl Span {
    /// A span that ends with an event of this site.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(end: &'static Site, begun: Begun) -> Self {
        let place = if begun.is_there() {
            MaybeUninit::new(current::enter(begun.id()))
        } else {
            MaybeUninit::uninit()
        };
        let of_thread = PhantomData;
        Self {
            end,
            begun,
            place,
            of_thread,
        }
    }

    /// Its id; [`SpanId::NONE`] if nobody records it.
    #[inline(always)]
    pub fn id(&self) -> SpanId {
        self.begun.id()
    }
}

impl Drop for Span {
    #[inline(always)]
    fn drop(&mut self) {
        if self.begun.is_there() {
            // SAFETY: it was made with the span.
            let place = unsafe { self.place.assume_init() };
            end(self.end, self.begun, place);
        }
    }
}

#[cold]
#[inline(never)]
fn end(site: &'static Site, begun: Begun, place: Place) {
    current::leave(place);
    begun.tell(site);
}
