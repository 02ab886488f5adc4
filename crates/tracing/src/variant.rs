//! One shape that the events of a call site have: which fields, of which types.

use thalweg::Level;
use thalweg::dynamic::{DefineError, Event, Kind, Value};
use tracing_core::field::FieldSet;

use crate::code::{Code, Extra, decoded};
use crate::texts::Texts;
use crate::{line, spare};

/// How the fields are recorded.
enum Style {
    /// Each as itself; they are these.
    Typed(Box<[Code]>),
    /// In one text.
    Line,
    /// In one text, beside the event's name: there was no room for a definition.
    Spare,
    /// Not at all: there is no room even for that.
    Nowhere,
}

/// A shape, and the event that was defined for it.
pub(crate) struct Variant {
    style: Style,
    event: Option<Event>,
}

/// What a shape is defined from.
#[derive(Clone, Copy)]
pub(crate) struct Names<'n> {
    pub(crate) event: &'n str,
    pub(crate) level: Level,
    pub(crate) fields: Option<&'n FieldSet>,
}

impl Names<'_> {
    /// The name of a field of ours, or of the call site's.
    pub(crate) fn field(&self, index: u16) -> &str {
        let own = || self.fields?.iter().nth(usize::from(index));
        Extra::name(index)
            .or_else(|| own().map(|field| field.name()))
            .unwrap_or("unknown")
    }
}

impl Variant {
    /// Defines the event of a shape; `None`: not now.
    pub(crate) fn typed(names: Names<'_>, codes: &[Code]) -> Option<Self> {
        let fields = codes.iter().map(|code| {
            let (index, kind) = decoded(*code);
            (names.field(index), kind)
        });
        let fields: Vec<(&str, Kind)> = fields.collect();
        Self::define(names, &fields, Style::Typed(codes.into()))
    }

    /// Defines the event of all shapes.
    pub(crate) fn line(names: Names<'_>) -> Option<Self> {
        Self::define(names, &[("fields", Kind::Text)], Style::Line)
    }

    fn define(names: Names<'_>, fields: &[(&str, Kind)], style: Style) -> Option<Self> {
        match Event::define(names.event, names.level, fields) {
            Ok(event) => Some(Self {
                style,
                event: Some(event),
            }),
            Err(DefineError::Busy) => None,
            Err(_) => Some(Self::spare(names)),
        }
    }

    fn spare(names: Names<'_>) -> Self {
        let event = spare::of(names.level);
        let style = if event.is_some() {
            Style::Spare
        } else {
            Style::Nowhere
        };
        Self { style, event }
    }

    /// Whether values of this shape can be recorded with it.
    #[inline]
    pub(crate) fn fits(&self, codes: &[Code]) -> bool {
        match &self.style {
            // One by one: they were stored one by one a moment ago, and a load that spans several
            // such stores waits for all of them.
            Style::Typed(own) => {
                own.len() == codes.len() && own.iter().zip(codes).all(|(a, b)| a == b)
            }
            _ => true,
        }
    }

    /// Whether a collector wants it.
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        self.event.is_some_and(|event| event.is_enabled())
    }

    /// Emits values that fit.
    #[inline]
    pub(crate) fn emit(&self, names: Names<'_>, codes: &[Code], values: &[Value<'_>]) {
        let Some(event) = self.event else { return };
        let emitted = match &self.style {
            Style::Typed(_) => event.emit(values),
            Style::Line => with_line(names, codes, values, |line| event.emit(&[line])),
            Style::Spare => with_line(names, codes, values, |line| {
                event.emit(&[Value::Text(names.event), line])
            }),
            Style::Nowhere => Ok(()),
        };
        debug_assert!(emitted.is_ok(), "the values are those of the definition");
    }
}

#[cold]
fn with_line<T>(
    names: Names<'_>,
    codes: &[Code],
    values: &[Value<'_>],
    emit: impl FnOnce(Value<'_>) -> T,
) -> T {
    let mut texts = Texts::new();
    line::write(&mut texts, names, codes, values);
    emit(Value::Text(texts.all()))
}
