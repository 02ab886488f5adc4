//! Call sites with many shapes, and many call sites.

use tracing::callsite::{Callsite as _, DefaultCallsite};
use tracing::field::FieldSet;
use tracing::metadata::Kind;
use tracing::{Level, Metadata, info};

/// Each bit of the number says whether a field is there.
pub(crate) fn shapes(count: u64) {
    for number in 0..count {
        let field = |bit: u32| (number >> bit & 1 == 1).then_some(number);
        info!(name: "shape", number, a = field(0), b = field(1), c = field(2), d = field(3));
    }
}

/// Call sites that are made at run time, five thousand of them: more than events can be defined.
pub(crate) fn places() {
    for number in 0..5_000 {
        emit(callsite(format!("place{number}").leak()), number);
    }
}

/// Emits an event of a call site, if anybody wants it, as the macros do.
pub(crate) fn emit(callsite: &'static DefaultCallsite, number: u64) {
    let metadata = callsite.metadata();
    let is_wanted = !callsite.interest().is_never()
        && tracing::dispatcher::get_default(|dispatch| dispatch.enabled(metadata));
    if is_wanted {
        let fields = metadata.fields();
        let field = fields.field("number").expect("it has that field");
        let value = [(&field, Some(&number as &dyn tracing::Value))];
        tracing::Event::dispatch(metadata, &fields.value_set(&value));
    }
}

/// A call site that is made now.
pub(crate) fn callsite(name: &'static str) -> &'static DefaultCallsite {
    // A call site and its metadata point to each other.
    static FIRST: DefaultCallsite = DefaultCallsite::new(&METADATA);
    static METADATA: Metadata<'static> = metadata("first");
    const fn metadata(name: &'static str) -> Metadata<'static> {
        let fields = FieldSet::new(&["number"], tracing::callsite::Identifier(&FIRST));
        Metadata::new(
            name,
            "many",
            Level::INFO,
            None,
            None,
            None,
            fields,
            Kind::EVENT,
        )
    }
    Box::leak(Box::new(DefaultCallsite::new(Box::leak(Box::new(
        metadata(name),
    )))))
}
