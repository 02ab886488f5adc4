//! The id of a span, as programs and traces see it.

use super::current;
use crate::field::{FieldType, Hex, Limit, Value, as_what_is_inside};
use core::fmt;
use thalweg_abi::field::{Field, FieldClass};
use thalweg_ring::Payload;

/// The id of a span: 64 bits, as W3C's trace context has it.
///
/// No other span in a trace has it, of whichever process or thread. It is a field like others, so
/// that an event can say which span it belongs to.
///
/// ```
/// use thalweg::SpanId;
///
/// let request = thalweg::span!("shop:request", Info);
/// thalweg::event!("shop:refused", Warning, { span_id: SpanId = request.id() });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(u64);

impl SpanId {
    /// No span: the parent of a span that has none, and the id of one that nobody records.
    pub const NONE: Self = Self(0);

    /// An id that came from elsewhere.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The id as a number; 0 for [`SpanId::NONE`].
    pub const fn to_u64(self) -> u64 {
        self.0
    }

    /// The span that this thread is in: what begins now becomes its child.
    #[inline(always)]
    pub fn current() -> Self {
        current::id()
    }
}

/// As W3C's trace context writes it: 16 digits.
impl fmt::Display for SpanId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

impl FieldType for SpanId {
    const CLASS: FieldClass = Hex::<u64>::CLASS;

    as_what_is_inside!();
}

/// The fields of all that happens to a span after its begin.
pub const SPAN_ID: &[Field] = &[Field::written("span_id", SpanId::CLASS)];
