//! Filters: whether an event is wanted, by what its fields hold.
//!
//! A filter is asked before a clock is read or anything is written. What it sees of a field is the
//! field itself, where it lies: nothing is copied for it.

use crate::field::{Fields, Value};
use crate::identity::{Identity, Name};
use crate::sample::{AppValue, Caller, Held, Place};
use crate::site::Site;
use crate::thread::Block;
use core::cell::OnceCell;
use core::sync::atomic::AtomicU64;
use thalweg_abi::field::{Field, FieldClass};
use thalweg_abi::filters::Filters;
use thalweg_filter::{Context, Simple, Source, evaluate, field_of};

/// Whether the event passes one of the filters.
#[inline(always)]
pub(crate) fn pass(
    filters: Filters<'_>,
    from: (&Site, Caller),
    block: &Block,
    fields: &impl Fields,
) -> bool {
    filters.of(from.0.index()).any(|code| {
        // What most people ask for takes no call.
        let simple = Simple::of(code).and_then(|simple| {
            let value = integer(fields.value(usize::from(simple.field)))?;
            Some(simple.holds(value))
        });
        simple.unwrap_or_else(|| run(code, from, block, &|index| fields.value(index)))
    })
}

#[inline(always)]
fn integer(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(value),
        Value::Uint(value) => Some(value.cast_signed()),
        _ => None,
    }
}

/// Once for all events, whatever their fields.
#[inline(never)]
fn run<'f>(
    code: &[AtomicU64],
    from: (&Site, Caller),
    block: &Block,
    field: &'f dyn Fn(usize) -> Value<'f>,
) -> bool {
    let seen = Seen {
        field,
        from,
        block,
        identity: block.identity(),
        name: OnceCell::new(),
        characters: Default::default(),
        texts: Default::default(),
    };
    evaluate(code, &seen)
}

/// How many characters that are not ASCII one evaluation can look at.
const CHARACTERS: usize = 4;

/// How many texts of the application's contexts one evaluation can look at.
const TEXTS: usize = 2;

/// An event as a filter sees it.
struct Seen<'a, 'f> {
    field: &'f dyn Fn(usize) -> Value<'f>,
    /// Where the event comes from.
    from: (&'a Site, Caller),
    block: &'a Block,
    identity: Option<&'static Identity>,
    /// The process's name, once it was asked for.
    name: OnceCell<Name>,
    /// Where characters lie as text.
    characters: [OnceCell<[u8; 4]>; CHARACTERS],
    /// Where texts of the application's contexts lie.
    texts: [OnceCell<AppValue>; TEXTS],
}

impl Seen<'_, '_> {
    fn seen<'s>(&'s self, value: Value<'s>) -> Option<thalweg_filter::Value<'s>> {
        use thalweg_filter::Value as Filtered;
        Some(match value {
            Value::None | Value::Parts(_) => return None,
            Value::Int(value) => Filtered::Int(value),
            Value::Uint(value) => Filtered::Uint(value),
            Value::Float(value) => Filtered::Float(value),
            Value::Text(text) => Filtered::Text(text),
            Value::Char(character) => Filtered::Text(self.text_of(character)?),
        })
    }

    fn text_of(&self, character: char) -> Option<&[u8]> {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        let room = self.characters.iter().find(|cell| cell.set(bytes).is_ok());
        room.and_then(OnceCell::get).map(|text| &text[..length])
    }

    /// Keeps a text until the evaluation ends, if there is room.
    fn kept(&self, value: AppValue) -> Option<&AppValue> {
        let room = self.texts.iter().find(|cell| cell.get().is_none())?;
        Some(room.get_or_init(|| value))
    }

    fn part(&self, index: u16) -> Value<'_> {
        let (field, member) = field_of(index);
        match (member, (self.field)(field)) {
            (None, value) => value,
            (Some(member), Value::Parts(parts)) => parts.part(member),
            _ => Value::None,
        }
    }
}

impl Source for Seen<'_, '_> {
    fn field(&self, index: u16) -> Option<thalweg_filter::Value<'_>> {
        self.seen(self.part(index))
    }

    fn element(&self, index: u16, at: u32) -> Option<thalweg_filter::Value<'_>> {
        match self.part(index) {
            Value::Parts(parts) => self.seen(parts.part(at as usize)),
            _ => None,
        }
    }

    fn context(&self, context: Context) -> Option<thalweg_filter::Value<'_>> {
        use thalweg_filter::Value as Filtered;
        let number = |number: u32| Some(Filtered::Int(number.into()));
        match context {
            Context::Vpid => number(self.identity?.pid()),
            Context::Vtid => number(self.block.owner().tid),
            Context::Procname => {
                let identity = self.identity?;
                let name = self.name.get_or_init(|| identity.procname());
                Some(Filtered::Text(name.bytes()))
            }
            Context::PthreadId => Some(Filtered::Uint(crate::arch::thread_pointer())),
            Context::CpuId => number(self.block.cpu()),
            Context::Ip => {
                let (site, caller) = self.from;
                Some(Filtered::Uint(Place::ip(site.first_place(), caller.stack)))
            }
            other => self.identity?.id(other).and_then(number),
        }
    }

    fn app_context(&self, provider: &[u8], name: &[u8]) -> Option<thalweg_filter::Value<'_>> {
        use thalweg_filter::Value as Filtered;
        let value = self.block.ask(provider, name);
        match value.held() {
            Held::Nothing => None,
            Held::Int(value) => Some(Filtered::Int(value)),
            Held::Uint(value) => Some(Filtered::Uint(value)),
            Held::Float(value) => Some(Filtered::Float(value)),
            Held::Text(_) => match self.kept(value)?.held() {
                Held::Text(text) => Some(Filtered::Text(text)),
                _ => None,
            },
        }
    }
}

/// The index of a field for linked code, by its name.
pub(crate) fn index_of(fields: &[Field], name: &[u8]) -> Option<u16> {
    let find = |fields: &[Field], name: &[u8]| {
        let mut names = fields.iter().map(|field| field.name.as_bytes());
        names.position(|known| known == name)
    };
    let member = |field: usize, name: &[u8]| match fields[field].class {
        FieldClass::Struct { fields } => find(fields, name),
        _ => None,
    };
    thalweg_filter::index_of(name, |name| find(fields, name), member)
}
