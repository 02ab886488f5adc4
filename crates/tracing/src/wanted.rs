//! Who is asked before an event or a span comes to be.

use tracing_core::subscriber::Interest;
use tracing_core::{LevelFilter, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use crate::place::Place;
use crate::{table, watcher};

/// The filter of [`layer`](crate::layer()): what a collector wants, at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub(crate) _made_here: (),
}

/// Whether a collector wants what happens at a call site, or has had no chance to know of it.
#[inline]
pub(crate) fn is_wanted(metadata: &Metadata<'_>) -> bool {
    table::find(metadata).is_none_or(Place::is_wanted)
}

/// What `tracing` keeps for a call site: never, if a watcher will say when that ends.
pub(crate) fn interest(metadata: &Metadata<'_>) -> Interest {
    if watcher::is_running() && !is_wanted(metadata) {
        Interest::never()
    } else {
        Interest::sometimes()
    }
}

impl<S> Filter<S> for Wanted {
    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        is_wanted(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        interest(metadata)
    }

    /// Levels are decided by the rules of a recording.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        None
    }
}
