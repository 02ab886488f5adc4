//! A call site that can be asked first, and the classes of its events.

use crate::emit::emit;
use crate::field::Fields;
use crate::gate::is_enabled;
use crate::site::Site;
use core::marker::PhantomData;
use thalweg_abi::field::Field;

/// The fields of several events. Made by [`event_class!`](crate::event_class!).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no class of events",
    note = "classes are made with `thalweg::event_class!`"
)]
pub trait EventClass {
    /// The same type whatever the class borrows.
    #[doc(hidden)]
    type Kind;

    /// The fields' definitions.
    #[doc(hidden)]
    const FIELDS: &'static [Field];

    /// The fields' values.
    #[doc(hidden)]
    fn into_fields(self) -> impl Fields;
}

/// A call site of one event. Made by [`site!`](crate::site!).
#[derive(Clone, Copy, Debug)]
pub struct Tracepoint<Kind, const GATE: u16> {
    site: &'static Site,
    kind: PhantomData<fn(Kind)>,
}

impl<Kind, const GATE: u16> Tracepoint<Kind, GATE> {
    /// The tracepoint of a site.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(site: &'static Site) -> Self {
        let kind = PhantomData;
        Self { site, kind }
    }

    /// Whether anybody may want the event: one load and one branch.
    ///
    /// It is never false when somebody does, and seldom true when nobody does.
    #[inline(always)]
    pub fn is_enabled(&self) -> bool {
        is_enabled::<GATE>()
    }

    /// Emits the event, if a collector asked for it.
    #[inline(always)]
    pub fn emit(&self, event: impl EventClass<Kind = Kind>) {
        if self.is_enabled() {
            emit(self.site, event.into_fields());
        }
    }
}
