//! An event as a list of named values, and filters run over it the whole way: text, tree,
//! bytecode, hex, words.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod kernel;

use thalweg_filter::{Context, Filter, Kind, Source, Value, evaluate, from_hex, link};

/// A field's value.
#[derive(Clone, Debug)]
pub(crate) enum Owned {
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(Vec<u8>),
    /// A sequence.
    Ints(Vec<i64>),
    /// As many in each event.
    Array(Vec<i64>),
    Floats(Vec<f64>),
}

impl Owned {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Int(_) | Self::Uint(_) => Kind::Integer,
            Self::Float(_) => Kind::Float,
            Self::Text(_) => Kind::Text,
            Self::Ints(_) => Kind::IntegerList(None),
            Self::Array(values) => Kind::IntegerList(Some(values.len() as u32)),
            Self::Floats(_) => Kind::FloatList(None),
        }
    }
}

/// An event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) fields: Vec<(&'static str, Owned)>,
    pub(crate) contexts: Vec<(Context, Owned)>,
    pub(crate) app: Vec<((&'static str, &'static str), Owned)>,
}

impl Event {
    pub(crate) fn with(mut self, name: &'static str, value: Owned) -> Self {
        self.fields.push((name, value));
        self
    }

    pub(crate) fn kinds(&self) -> Vec<(&str, Kind)> {
        let kinds = self
            .fields
            .iter()
            .map(|(name, value)| (*name, value.kind()));
        kinds.collect()
    }

    pub(crate) fn index(&self, name: &[u8], element: Option<u32>) -> Option<u16> {
        let mut names = self.fields.iter().map(|field| field.0.as_bytes());
        let at = names.position(|field| field == name)?;
        let fits = match &self.fields[at].1 {
            Owned::Array(values) => element.is_some_and(|at| (at as usize) < values.len()),
            Owned::Ints(_) | Owned::Floats(_) => element.is_some(),
            _ => element.is_none(),
        };
        fits.then_some(at as u16)
    }
}

fn scalar(value: &Owned) -> Option<Value<'_>> {
    Some(match value {
        Owned::Int(value) => Value::Int(*value),
        Owned::Uint(value) => Value::Uint(*value),
        Owned::Float(value) => Value::Float(*value),
        Owned::Text(value) => Value::Text(value),
        Owned::Ints(_) | Owned::Array(_) | Owned::Floats(_) => return None,
    })
}

impl Source for Event {
    fn field(&self, index: u16) -> Option<Value<'_>> {
        scalar(&self.fields.get(usize::from(index))?.1)
    }

    fn element(&self, index: u16, at: u32) -> Option<Value<'_>> {
        match &self.fields.get(usize::from(index))?.1 {
            Owned::Ints(values) | Owned::Array(values) => {
                values.get(at as usize).map(|value| Value::Int(*value))
            }
            Owned::Floats(values) => values.get(at as usize).map(|value| Value::Float(*value)),
            _ => None,
        }
    }

    fn context(&self, context: Context) -> Option<Value<'_>> {
        let mut all = self.contexts.iter();
        scalar(&all.find(|one| one.0 == context)?.1)
    }

    fn app_context(&self, provider: &[u8], name: &[u8]) -> Option<Value<'_>> {
        let mut all = self.app.iter();
        let is_it = |one: &&((&str, &str), Owned)| {
            one.0.0.as_bytes() == provider && one.0.1.as_bytes() == name
        };
        scalar(&all.find(is_it)?.1)
    }
}

/// The words of a filter for an event.
#[track_caller]
pub(crate) fn linked(filter: &str, event: &Event) -> Vec<u64> {
    let parsed: Filter = match filter.parse() {
        Ok(parsed) => parsed,
        Err(error) => panic!("{filter}: failed to parse: {error}"),
    };
    let hex = parsed.compile().expect("a small filter").to_hex();
    let mut bytes = vec![0; hex.len() / 2];
    let bytes = from_hex(hex.as_bytes(), &mut bytes).expect("our own hex");
    let mut words = vec![0; 1 << 12];
    let len = link(
        bytes,
        |name, element| event.index(name, element),
        &mut words,
    )
    .expect("our own bytecode");
    words.truncate(len);
    words
}

/// Whether a filter passes an event.
#[track_caller]
pub(crate) fn passes(filter: &str, event: &Event) -> bool {
    evaluate(linked(filter, event).as_slice(), event)
}

/// The same numbers in the same order, always.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
