//! Work that may move between threads, and several of which one thread may have under way.

use super::begun::Begun;
use super::current::{self, Place};
use super::id::SpanId;
use crate::site::Site;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// The span of a task. Made by [`task_span!`](crate::task_span!).
///
/// It begins at once and ends when it is dropped, on whichever thread. A thread is in it only while
/// it has [entered](Self::enter) it; a future can do that [at each poll](crate::InSpan).
///
/// ```
/// let task = thalweg::task_span!("shop:delivery", Info, { id: u64 = 7 });
/// let worker = std::thread::spawn(move || {
///     task.in_scope(|| thalweg::event!("shop:packed", Info));
/// });
/// # worker.join().unwrap();
/// ```
#[must_use = "a span ends where it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct TaskSpan {
    sites: &'static TaskSites,
    begun: Begun,
}

/// What can happen to the span after its begin.
#[derive(Debug)]
pub struct TaskSites {
    /// It ends.
    pub end: &'static Site,
    /// A thread enters it.
    pub enter: &'static Site,
    /// A thread leaves it.
    pub exit: &'static Site,
}

impl TaskSpan {
    /// A span that goes on with events of these sites.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(sites: &'static TaskSites, begun: Begun) -> Self {
        Self { sites, begun }
    }

    /// Its id; [`SpanId::NONE`] if nobody records it.
    #[inline(always)]
    pub fn id(&self) -> SpanId {
        self.begun.id()
    }

    /// Makes it the thread's current span until what is returned is dropped.
    #[inline(always)]
    pub fn enter(&self) -> Entered<'_> {
        let place = if self.begun.is_there() {
            MaybeUninit::new(enter(self))
        } else {
            MaybeUninit::uninit()
        };
        let of_thread = PhantomData;
        Entered {
            span: self,
            place,
            of_thread,
        }
    }

    /// Does something in the span.
    #[inline(always)]
    pub fn in_scope<T>(&self, action: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        action()
    }
}

impl Drop for TaskSpan {
    #[inline(always)]
    fn drop(&mut self) {
        if self.begun.is_there() {
            end(self.sites.end, self.begun);
        }
    }
}

/// A thread in a [`TaskSpan`], until it is dropped.
///
/// It stays with the thread that entered. So do not keep it while a future waits: see
/// [`InSpan`](crate::InSpan).
#[must_use = "the span is left where this is dropped: bind it to a name"]
#[derive(Debug)]
pub struct Entered<'s> {
    span: &'s TaskSpan,
    /// There if the span is.
    place: MaybeUninit<Place>,
    of_thread: PhantomData<*const ()>,
}

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.span.begun.is_there() {
            // SAFETY: the span was there when it was entered: it cannot change.
            let place = unsafe { self.place.assume_init() };
            exit(self.span, place);
        }
    }
}

#[cold]
#[inline(never)]
fn enter(span: &TaskSpan) -> Place {
    let place = current::enter(span.begun.id());
    span.begun.tell(span.sites.enter);
    place
}

#[cold]
#[inline(never)]
fn exit(span: &TaskSpan, place: Place) {
    span.begun.tell(span.sites.exit);
    current::leave(place);
}

#[cold]
#[inline(never)]
fn end(site: &'static Site, begun: Begun) {
    begun.tell(site);
}
