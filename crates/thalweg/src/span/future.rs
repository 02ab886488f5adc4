//! A future in a span.

use super::task::TaskSpan;
use core::borrow::Borrow;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Gives a future a span that it enters at each poll.
pub trait InSpan: Future + Sized {
    /// The future, in a span of its own, or in one that others are in, too (`&span`, `Arc<TaskSpan>`).
    ///
    /// It is in the span at each poll, and when it is dropped before it is done. Once it is done it
    /// gives the span up; one of its own ends then.
    ///
    /// ```
    /// use thalweg::InSpan as _;
    ///
    /// async fn pack(id: u64) {
    ///     thalweg::event!("shop:packed", Info, { id: u64 = id });
    /// }
    /// let delivery = pack(7).in_span(thalweg::task_span!("shop:delivery", Info));
    /// # drop(delivery);
    /// ```
    fn in_span<S: Borrow<TaskSpan>>(self, span: S) -> Spanned<Self, S> {
        Spanned {
            future: ManuallyDrop::new(self),
            span: Some(span),
        }
    }
}

impl<F: Future> InSpan for F {}

/// A future in a span. Made by [`InSpan::in_span`].
#[must_use = "a future does nothing until it is polled"]
#[derive(Debug)]
pub struct Spanned<F, S: Borrow<TaskSpan> = TaskSpan> {
    /// Pinned as this is; dropped by `drop` alone, within the span.
    future: ManuallyDrop<F>,
    span: Option<S>,
}

// The span is never pinned: only the future has to stay where it is.
impl<F: Unpin, S: Borrow<TaskSpan>> Unpin for Spanned<F, S> {}

impl<F: Future, S: Borrow<TaskSpan>> Future for Spanned<F, S> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is not moved below, nor by `drop`.
        let Self { future, span } = unsafe { self.get_unchecked_mut() };
        // SAFETY: it is pinned, because `self` is.
        let future = unsafe { Pin::new_unchecked(&mut **future) };
        let entered = span.as_ref().map(|span| span.borrow().enter());
        let polled = future.poll(context);
        drop(entered);
        if polled.is_ready() {
            *span = None;
        }
        polled
    }
}

impl<F, S: Borrow<TaskSpan>> Drop for Spanned<F, S> {
    fn drop(&mut self) {
        let _entered = self.span.as_ref().map(|span| span.borrow().enter());
        // SAFETY: nobody uses it any more; it is dropped where it was pinned.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}
