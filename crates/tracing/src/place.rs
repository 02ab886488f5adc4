//! A call site of `tracing`: its events by name.
//!
//! ```text
//!   event:  NAME
//!   span:   NAME_begin, NAME_enter, NAME_exit, NAME_end, NAME_record, NAME_follows
//! ```

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tracing_core::Metadata;

use crate::code::Extra;
use crate::family::Family;
use crate::name;

/// What happens at a call site. An event's place has the first only.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// An event, or the begin of a span.
    Begin,
    Enter,
    Exit,
    End,
    Record,
    Follows,
}

const SPAN_EVENTS: [(What, &str); 6] = [
    (What::Begin, "_begin"),
    (What::Enter, "_enter"),
    (What::Exit, "_exit"),
    (What::End, "_end"),
    (What::Record, "_record"),
    (What::Follows, "_follows"),
];

/// A call site.
pub(crate) struct Place {
    families: Box<[Family]>,
    /// What the watcher knows: `tracing` begins by asking each time.
    was_wanted: AtomicBool,
}

impl Place {
    /// Nothing is defined yet.
    pub(crate) fn new(metadata: &'static Metadata<'static>) -> Self {
        let level = name::level(*metadata.level());
        let base = name::name(metadata);
        let fields = Some(metadata.fields());
        let of_span = |(what, suffix)| {
            let own = matches!(what, What::Begin | What::Record);
            let fields = fields.filter(|_| own);
            Family::new(format!("{base}{suffix}"), level, fields)
        };
        let families = if metadata.is_span() {
            SPAN_EVENTS.map(of_span).into()
        } else {
            Box::new([Family::new(base, level, fields)]) as Box<[Family]>
        };
        Self {
            families,
            was_wanted: AtomicBool::new(true),
        }
    }

    /// The events of one name. A place of an event has one name.
    #[inline]
    pub(crate) fn family(&self, what: What) -> &Family {
        self.families
            .get(what as usize)
            .unwrap_or(&self.families[0])
    }

    /// Defines what is known of a span before it happens, so that collectors can ask for it.
    #[inline]
    pub(crate) fn define_span(&self) {
        if self.family(What::End).is_wanted().is_none() {
            self.family(What::Enter).define(&[Extra::Span]);
            self.family(What::Exit).define(&[Extra::Span]);
            self.family(What::End).define(&[Extra::Span]);
        }
    }

    /// Whether a collector wants any of the events, or cannot know of them yet.
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        let mut families = self.families.iter();
        let first = families.next().and_then(Family::is_wanted);
        first.unwrap_or(true) || families.any(|family| family.is_wanted() == Some(true))
    }

    /// Whether that has changed since the last look.
    pub(crate) fn has_changed(&self) -> bool {
        let is_wanted = self.is_wanted();
        self.was_wanted.swap(is_wanted, Relaxed) != is_wanted
    }
}
