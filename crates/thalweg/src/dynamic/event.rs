//! A dynamic event, for those who use one.

use super::value::{Kind, Value};
use crate::emit::emit;
use crate::field::{Fields, Limit, Value as FilterValue};
use crate::gate;
use crate::site::{Level, Site};
use crate::thread;
use core::fmt;
use thalweg_abi::field::Field;
use thalweg_abi::rendezvous::MAX_FIELDS;
use thalweg_ring::Payload;

/// An event that was defined while the program runs.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    site: &'static Site,
    kinds: &'static [Kind],
}

/// Why an event was not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DefineError {
    /// More than 64 fields.
    TooManyFields,
    /// The name is empty or holds a NUL.
    Name,
    /// There are 4,096 dynamic events already, or their definitions fill 4 MiB.
    TooManyEvents,
    /// This very thread is in the middle of a definition: the call comes from a signal handler.
    Busy,
}

impl fmt::Display for DefineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooManyFields => "define an event of more than 64 fields",
            Self::Name => "define an event whose name is empty or holds a NUL",
            Self::TooManyEvents => "define one more dynamic event: there is room for 4096",
            Self::Busy => "define an event in a signal handler that interrupted a definition",
        })
    }
}

impl std::error::Error for DefineError {}

/// Values that are not those of the event's fields; nothing was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The first field that got a value of another kind, or none, or the first value too many.
    pub field: usize,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "record values of other kinds than the event's fields: number {}",
            self.field
        )
    }
}

impl std::error::Error for Mismatch {}

impl Event {
    /// Defines an event; collectors that want one of this name and level have it enabled at once.
    pub fn define(name: &str, level: Level, fields: &[(&str, Kind)]) -> Result<Self, DefineError> {
        if fields.len() > MAX_FIELDS {
            return Err(DefineError::TooManyFields);
        }
        let declared = fields
            .iter()
            .map(|(name, kind)| Field::written(leaked(name), kind.class()));
        let declared = Vec::leak(declared.collect());
        let kinds = Vec::leak(fields.iter().map(|(_, kind)| *kind).collect());
        let site = super::define(name, level, declared, ("", 0))?;
        Ok(Self { site, kinds })
    }

    /// Whether a collector wants the event. At a thread's first event of all it may say so
    /// although none does.
    #[inline]
    pub fn is_enabled(&self) -> bool {
        gate::is_open(self.site.gate()) && thread::current().is_none_or(|_| self.site.wanted() != 0)
    }

    /// Emits the event, if a collector wants it. The values are those of the fields, in order.
    #[inline]
    pub fn emit(&self, values: &[Value<'_>]) -> Result<(), Mismatch> {
        if !self.is_enabled() {
            return Ok(());
        }
        self.check(values)?;
        emit(self.site, Values(values));
        Ok(())
    }

    fn check(&self, values: &[Value<'_>]) -> Result<(), Mismatch> {
        let fits = |(value, kind): (&Value<'_>, &Kind)| value.kind() == *kind;
        let fitting = values.iter().zip(self.kinds).take_while(|pair| fits(*pair));
        let field = fitting.count();
        if field == self.kinds.len() && field == values.len() {
            Ok(())
        } else {
            Err(Mismatch { field })
        }
    }
}

/// Values as the fields of an event.
struct Values<'v>(&'v [Value<'v>]);

impl Fields for Values<'_> {
    fn encoded_len(&self, limit: Limit) -> usize {
        self.0.iter().map(|value| value.encoded_len(limit)).sum()
    }

    fn encode(&self, payload: &mut Payload<'_>, limit: Limit) {
        for value in self.0 {
            value.encode(payload, limit);
        }
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn value(&self, index: usize) -> FilterValue<'_> {
        self.0.get(index).map_or(FilterValue::None, Value::seen)
    }
}

fn leaked(text: &str) -> &'static str {
    String::leak(text.to_owned())
}
