//! Events and spans that count themselves, and the types of their fields.

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

/// `thalweg::tracef!`, counted.
macro_rules! tracef {
    ($($message:tt)*) => {{
        thalweg::tracef!($($message)*);
        $crate::count::one();
    }};
}

/// `thalweg::tracelog!`, counted.
macro_rules! tracelog {
    ($($message:tt)*) => {{
        thalweg::tracelog!($($message)*);
        $crate::count::one();
    }};
}

pub(crate) use {event, span, tracef, tracelog};

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
    /// How large an order is, by the number of its goods.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Size: u32 { Small = 1..=9, Large = 10..=u32::MAX }
}

thalweg::fields! {
    /// So many of one thing, as events show it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Goods {
        pub(crate) price_cents: u16,
        pub(crate) quantity: u16,
    }
}

thalweg::event_class! {
    /// A worker's day begins or ends.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Shift { pub(crate) worker: u16, pub(crate) served: Option<u64> }
}

/// The bytes that the bank sends.
pub(crate) struct Answer;

impl thalweg::MediaType for Answer {
    const NAME: &'static str = "application/vnd.shop.answer";
}

thalweg::labels! {
    /// What the bank says.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Verdict: i16 { Refused = -1, Pending = 0, Approved = 1 }
}
