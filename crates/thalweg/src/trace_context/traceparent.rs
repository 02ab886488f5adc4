//! The header `traceparent`, from and to its text.
//!
//! ```text
//!   00 - 4bf92f3577b34da6a3ce929d0e0e4736 - 00f067aa0ba902b7 - 01
//!   version    trace id: 16 bytes             parent: 8 bytes   flags
//! ```

use super::hex;
use super::trace_id::TraceId;
use crate::span::SpanId;
use core::fmt;
use core::str::FromStr;

/// What a request says of the trace that it is part of: W3C's header `traceparent`.
///
/// ```
/// use thalweg::{TraceId, Traceparent};
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let caller: Traceparent = header.parse().unwrap();
/// let request = thalweg::span!(parent: caller.parent_id, "shop:request", Info, {
///     trace_id: TraceId = caller.trace_id,
/// });
/// let onward = Traceparent { parent_id: request.id(), ..caller }.to_string();
/// # drop((request, onward));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Traceparent {
    /// The trace.
    pub trace_id: TraceId,
    /// The caller's span.
    pub parent_id: SpanId,
    /// Flags; 1: the caller may have recorded its span.
    pub flags: u8,
}

/// Why a text is no [`Traceparent`], or no [`TraceId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTraceContext {
    /// Its version is 255, or no number.
    Version,
    /// The trace's id is not of 32 lower-case digits, or 0.
    TraceId,
    /// The parent's id is not of 16 lower-case digits, or 0.
    ParentId,
    /// The flags are not two lower-case digits.
    Flags,
    /// It does not end where its version says that it does.
    Length,
}

impl fmt::Display for InvalidTraceContext {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Version => "the version of a traceparent is two digits below ff",
            Self::TraceId => "a trace id is 32 lower-case digits that are not all 0",
            Self::ParentId => "a parent id is 16 lower-case digits that are not all 0",
            Self::Flags => "the flags of a traceparent are two lower-case digits",
            Self::Length => "a traceparent of version 00 has 55 characters",
        })
    }
}

impl core::error::Error for InvalidTraceContext {}

impl fmt::Display for Traceparent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            parent_id,
            flags,
        } = self;
        write!(out, "00-{trace_id}-{parent_id}-{flags:02x}")
    }
}

/// Later versions may have more behind the flags, which is left out.
impl FromStr for Traceparent {
    type Err = InvalidTraceContext;

    fn from_str(text: &str) -> Result<Self, InvalidTraceContext> {
        let mut parts = text.splitn(5, '-');
        let mut part = || parts.next().unwrap_or_default();
        let version = version(part())?;
        let trace_id = part().parse()?;
        let parent_id = parent_id(part())?;
        let [flags] = hex::bytes(part().as_bytes()).ok_or(InvalidTraceContext::Flags)?;
        if version == 0 && parts.next().is_some() {
            return Err(InvalidTraceContext::Length);
        }
        Ok(Self {
            trace_id,
            parent_id,
            flags,
        })
    }
}

fn version(text: &str) -> Result<u8, InvalidTraceContext> {
    match hex::bytes(text.as_bytes()) {
        Some([version]) if version < 255 => Ok(version),
        _ => Err(InvalidTraceContext::Version),
    }
}

fn parent_id(text: &str) -> Result<SpanId, InvalidTraceContext> {
    let id = hex::bytes(text.as_bytes()).map(u64::from_be_bytes);
    let id = id.filter(|id| *id != 0).map(SpanId::from_u64);
    id.ok_or(InvalidTraceContext::ParentId)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let header: Traceparent = HEADER.parse().unwrap();
        assert_eq!(header.parent_id, SpanId::from_u64(0x00f0_67aa_0ba9_02b7));
        assert_eq!(header.flags, 1);
        assert_eq!(header.to_string(), HEADER);
    }

    #[test]
    fn what_a_later_version_adds_is_left_out() {
        let later = format!("cc{}-what the future-will be", &HEADER[2..]);
        assert_eq!(later.parse::<Traceparent>().unwrap().to_string(), HEADER);
    }

    #[track_caller]
    fn check(text: &str, expected: InvalidTraceContext) {
        assert_eq!(text.parse::<Traceparent>(), Err(expected), "{text}");
    }

    #[test]
    fn what_is_no_header_is_refused() {
        use InvalidTraceContext::{Flags, Length, ParentId, TraceId, Version};
        check("", Version);
        check(&HEADER.replace("00-4", "ff-4"), Version);
        check(&HEADER.replace("00-4", "0-4"), Version);
        check(&HEADER.replace("4bf9", "4BF9"), TraceId);
        check(
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            TraceId,
        );
        check(
            &HEADER.replace("00f067aa0ba902b7", "0000000000000000"),
            ParentId,
        );
        check(
            &HEADER.replace("00f067aa0ba902b7", "00f067aa0ba902"),
            ParentId,
        );
        check(&HEADER.replace("-01", ""), Flags);
        check(&HEADER.replace("-01", "-1"), Flags);
        check(&HEADER.replace("-01", "-01-"), Length);
        check(&HEADER.replace("-01", "-0é"), Flags);
    }
}
