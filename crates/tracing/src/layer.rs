//! The layer: what `tracing` tells, as events.

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::{Interest, Subscriber};
use tracing_core::{Event, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::code::Extra;
use crate::collect::{Fields, NoFields};
use crate::place::What;
use crate::wanted::{self, Wanted};
use crate::{spare, table};

/// Records events and spans. Made by [`layer`] and by [`init`](crate::init()).
#[derive(Debug)]
pub struct Recorder {
    /// What no collector wants is nobody's: there is no other layer.
    is_alone: bool,
}

/// The layer, to be combined with others; which events it gets changes nothing for them.
///
/// One in a process: two would record everything twice.
///
/// ```
/// use tracing_subscriber::prelude::*;
///
/// let subscriber = tracing_subscriber::registry().with(thalweg_tracing::layer());
/// # drop(subscriber);
/// ```
pub fn layer<S>() -> Filtered<Recorder, Wanted, S>
where
    S: Subscriber + for<'l> LookupSpan<'l>,
{
    spare::reserve();
    Recorder { is_alone: false }.with_filter(Wanted { _made_here: () })
}

impl Recorder {
    /// The layer of a program that has no other.
    pub(crate) fn alone() -> Self {
        spare::reserve();
        Self { is_alone: true }
    }

    /// Records what happens to a span after its begin.
    fn tell<S>(&self, id: &Id, context: &Context<'_, S>, what: What, fields: &impl Fields)
    where
        S: Subscriber + for<'l> LookupSpan<'l>,
    {
        if let Some(span) = context.span(id) {
            let place = table::find_or_add(span.metadata());
            let extras = [(Extra::Span, id.into_u64())];
            place.family(what).emit(&extras, fields);
        }
    }
}

fn parent_of<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> u64 {
    span.parent().map_or(0, |parent| parent.id().into_u64())
}

impl<S> Layer<S> for Recorder
where
    S: Subscriber + for<'l> LookupSpan<'l>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_alone {
            wanted::interest(metadata)
        } else {
            Interest::always()
        }
    }

    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !self.is_alone || wanted::is_wanted(metadata)
    }

    #[inline]
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let place = table::find_or_add(event.metadata());
        match event.parent() {
            None => place.family(What::Begin).emit(&[], event),
            Some(parent) => {
                let extras = [(Extra::Span, parent.into_u64())];
                place.family(What::Begin).emit(&extras, event);
            }
        }
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let place = table::find_or_add(attributes.metadata());
        place.define_span();
        let extras = [
            (Extra::Span, id.into_u64()),
            (Extra::Parent, parent_of(&span)),
        ];
        place.family(What::Begin).emit(&extras, attributes);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.tell(id, &context, What::Enter, &NoFields);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.tell(id, &context, What::Exit, &NoFields);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.tell(&id, &context, What::End, &NoFields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.tell(id, &context, What::Record, values);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let extras = [
            (Extra::Span, id.into_u64()),
            (Extra::Follows, follows.into_u64()),
        ];
        let place = table::find_or_add(span.metadata());
        place.family(What::Follows).emit(&extras, &NoFields);
    }
}
