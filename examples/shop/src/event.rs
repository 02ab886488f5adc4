//! Events and spans that count themselves, and the labels of their enums.

use crate::count;

/// `thalweg::event!`, counted.
macro_rules! event {
    ($($event:tt)*) => {{
        thalweg::event!($($event)*);
        $crate::count::one();
    }};
}

/// `thalweg::span!`, whose begin and end are counted.
macro_rules! span {
    ($($span:tt)*) => {{
        let span = thalweg::span!($($span)*);
        $crate::event::Span::begun(span)
    }};
}

pub(crate) use {event, span};

/// A span and the count of its end; fields drop in this order, so the end is counted once it is
/// there.
#[must_use = "a span ends where it is dropped"]
pub(crate) struct Span {
    _span: thalweg::Span,
    _end: CountWhenDropped,
}

impl Span {
    /// Counts the begin of `span`.
    pub(crate) fn begun(span: thalweg::Span) -> Self {
        count::one();
        Self {
            _span: span,
            _end: CountWhenDropped,
        }
    }
}

struct CountWhenDropped;

impl Drop for CountWhenDropped {
    fn drop(&mut self) {
        count::one();
    }
}

thalweg::labels! {
    /// How an order is paid.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum PaymentKind: u8 { Cash = 0, Card = 1, Invoice = 7 }
}

thalweg::labels! {
    /// What the bank says.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Verdict: i16 { Refused = -1, Pending = 0, Approved = 1 }
}
