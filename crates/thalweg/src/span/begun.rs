//! What is known of a span from its begin on.

use super::id::SpanId;
use super::ids;
use crate::emit::emit;
use crate::field::Nothing;
use crate::site::Site;
use crate::{life, state, thread};
use core::mem::MaybeUninit;

/// A span that has begun, or none: then an id that is none is all that there is, in a register.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    id: SpanId,
    /// Whose it is, if it is there: a forked child has a copy of its parent's spans, and does not end
    /// them.
    origin: MaybeUninit<u64>,
}

impl Begun {
    /// What nobody records.
    pub const NOTHING: Self = Self {
        id: SpanId::NONE,
        origin: MaybeUninit::uninit(),
    };

    /// Begins a span, if anybody wants an event of one of its sites: a gate may be open for another
    /// span's.
    #[cold]
    #[inline(never)]
    pub fn now(sites: &[&'static Site]) -> Self {
        Self::try_now(sites.iter().copied()).unwrap_or(Self::NOTHING)
    }

    /// The same; `None` if nobody does.
    pub(crate) fn try_now(mut sites: impl Iterator<Item = &'static Site>) -> Option<Self> {
        let state = state::get()?;
        if state.process().is_none() {
            life::set_up_child();
            state.process()?;
        }
        // Read once: it must be that of the process in which this began, even if a handler forks.
        let origin = state.span_ids.origin();
        if sites.all(|site| site.wanted() == 0) {
            return None;
        }
        let number = match thread::current() {
            Some(block) => block.span_ids.take(&state.span_ids),
            // Before the thread's first event.
            None => state.span_ids.take_batch(),
        };
        Some(Self {
            id: ids::id(origin, number),
            origin: MaybeUninit::new(origin),
        })
    }

    /// A span that began elsewhere in this process or, if its origin is another, is not this one's to
    /// end.
    pub(crate) fn from_parts(id: u64, origin: u64) -> Self {
        Self {
            id: SpanId::from_u64(id),
            origin: MaybeUninit::new(origin),
        }
    }

    /// Its id and its origin, if it is there.
    pub(crate) fn parts(&self) -> Option<(u64, u64)> {
        // SAFETY: a span that is there was made with its origin.
        let origin = || unsafe { self.origin.assume_init() };
        self.is_there().then(|| (self.id.to_u64(), origin()))
    }

    /// The span's id.
    #[inline(always)]
    pub fn id(&self) -> SpanId {
        self.id
    }

    /// Whether there is a span.
    #[inline(always)]
    pub(crate) fn is_there(&self) -> bool {
        self.id != SpanId::NONE
    }

    /// Emits that something happens to the span, if there is one and anybody wants that.
    pub(crate) fn tell(&self, site: &'static Site) {
        if self.is_of_this_process() && site.wanted() != 0 {
            emit(site, Nothing.written(self.id));
        }
    }

    /// Whether the span is there, and began in this process: which is set up, then.
    fn is_of_this_process(&self) -> bool {
        let here = state::get().map(|state| state.span_ids.origin());
        self.parts().is_some_and(|(_, origin)| here == Some(origin))
    }
}
