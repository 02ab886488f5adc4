//! The id of a trace in W3C's sense: all that is done for one request, on whichever hosts.

use super::hex;
use super::traceparent::InvalidTraceContext;
use crate::field::{FieldType, Limit, Value};
use crate::{register, sys};
use core::fmt;
use core::str::FromStr;
use thalweg_abi::field::FieldClass;
use thalweg_ring::Payload;

/// The id of a trace: 16 bytes. In any event and in any span it is an optional field like others.
///
/// It is shown, and filters compare it, as W3C writes it: 32 digits.
///
/// ```
/// use thalweg::TraceId;
///
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse().unwrap();
/// assert_eq!(id.to_bytes()[..2], [0x4b, 0xf9]);
/// let _request = thalweg::span!("shop:request", Info, { trace_id: TraceId = id });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId {
    /// Kept as they are written, because an id is made once and written often.
    digits: [u8; 32],
}

impl TraceId {
    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self {
            digits: hex::digits(bytes),
        }
    }

    /// The id's bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        hex::bytes(&self.digits).expect("they were made from bytes")
    }

    /// A new id, of the kernel's random bytes: for who begins a trace.
    pub fn random() -> Self {
        let random = u128::from_ne_bytes(sys::random());
        // A sandbox may refuse them; an id of zeros would be none.
        let spare = u128::from(register::nonce()) << 64 | u128::from(register::nonce());
        Self::from_bytes((random ^ spare).to_ne_bytes())
    }

    /// The id's digits.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.digits).expect("digits are text")
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TraceId({self})")
    }
}

/// From 32 lower-case digits, not all of them 0.
impl FromStr for TraceId {
    type Err = InvalidTraceContext;

    fn from_str(text: &str) -> Result<Self, InvalidTraceContext> {
        match hex::bytes(text.as_bytes()) {
            Some(bytes) if bytes != [0; 16] => Ok(Self::from_bytes(bytes)),
            _ => Err(InvalidTraceContext::TraceId),
        }
    }
}

impl FieldType for TraceId {
    const CLASS: FieldClass = FieldClass::Text;

    #[inline(always)]
    fn encoded_len(&self, _: Limit) -> usize {
        self.digits.len() + 1
    }

    #[inline(always)]
    fn encode(&self, payload: &mut Payload<'_>, _: Limit) {
        payload.put(&self.digits);
        payload.put(&[0]);
    }

    #[inline(always)]
    fn value(&self) -> Value<'_> {
        Value::Text(&self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let bytes = core::array::from_fn(|at| at as u8 * 17);
        let id = TraceId::from_bytes(bytes);
        assert_eq!(id.to_string(), "00112233445566778899aabbccddeeff");
        assert_eq!((id.as_str().parse(), id.to_bytes()), (Ok(id), bytes));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "00112233445566778899aabbccddeef",
            "00112233445566778899aabbccddeefff",
            "00112233445566778899AABBCCDDEEFF",
            "g0112233445566778899aabbccddeeff",
            "00000000000000000000000000000000",
        ] {
            assert_eq!(text.parse::<TraceId>(), Err(InvalidTraceContext::TraceId));
        }
    }

    #[test]
    fn random_ids_differ() {
        assert_ne!(TraceId::random(), TraceId::random());
    }
}
