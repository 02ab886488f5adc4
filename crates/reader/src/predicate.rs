//! A filter over the events of a trace.
//!
//! The filter's own code runs here as in a traced program: it is linked once for each class of
//! events, with the places of the fields that it names. A field is looked for among the event's
//! fields, then in its own context, the stream's, and the packet's; `$ctx.NAME` in the contexts alone.
//! What an application's context holds (`$app.…`) is not looked for: such a filter is false.

use thalweg_filter::{Context, Filter, Source, Value as Operand, evaluate, link};
use thalweg_model::{Encoding, Event, EventClass, FieldClass, StructClass, TraceClass, Value};

/// Bytecode of 64 KiB is linked into no more words.
const ROOM_WORDS: usize = 1 << 16;

/// A filter for all events of a trace.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    /// By class: `None` if the filter is false for each of its events.
    classes: Vec<Option<Linked>>,
}

#[derive(Clone, Debug)]
struct Linked {
    words: Vec<u64>,
    places: Vec<Place>,
    contexts: Vec<(Context, Place)>,
}

/// Where a value is.
#[derive(Clone, Debug)]
struct Place {
    part: Part,
    /// The indexes of members and elements, outermost first.
    steps: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Payload,
    Specific,
    Common,
    Packet,
}

/// The structures of an event's class.
struct Classes<'c>([(Part, Option<&'c StructClass>); 4]);

impl Predicate {
    /// Links the filter for each class; `None` if it is too large for that.
    pub(crate) fn new(filter: &Filter, class: &TraceClass) -> Option<Self> {
        let code = filter.compile().ok()?;
        let mut room = vec![0; ROOM_WORDS];
        let linked = |event: &EventClass| {
            let classes = Classes::of(class, event);
            let (mut places, mut is_false) = (Vec::new(), false);
            let lookup = |name: &[u8], index: Option<u32>| {
                let place = classes.find(name, index);
                is_false |= place.is_none();
                places.push(place?);
                u16::try_from(places.len() - 1).ok()
            };
            let words = link(code.as_bytes(), lookup, &mut room).ok()?;
            let contexts = Context::ALL
                .into_iter()
                .filter_map(|c| Some((c, classes.context(c)?)));
            Some((!is_false).then(|| Linked {
                words: room[..words].to_vec(),
                places,
                contexts: contexts.collect(),
            }))
        };
        let classes = class.events.iter().map(linked).collect::<Option<_>>()?;
        Some(Self { classes })
    }

    /// Which classes have events that may pass.
    pub(crate) fn classes(&self) -> impl Iterator<Item = bool> {
        self.classes.iter().map(Option::is_some)
    }

    /// Whether an event passes; `packet` is its packet's context.
    pub(crate) fn passes(&self, event: &Event<'_>, packet: Option<Value<'_>>) -> bool {
        let Some(Some(linked)) = self.classes.get(event.class) else {
            return false;
        };
        let values = Values {
            linked,
            event,
            packet,
        };
        evaluate(&linked.words[..], &values)
    }
}

impl<'c> Classes<'c> {
    fn of(class: &'c TraceClass, event: &'c EventClass) -> Self {
        let stream = class.streams.iter().find(|s| s.id == event.stream_id);
        Self([
            (Part::Payload, Some(&event.payload)),
            (Part::Specific, event.specific_context.as_ref()),
            (Part::Common, stream.and_then(|s| s.event_context.as_ref())),
            (Part::Packet, stream.and_then(|s| s.packet_context.as_ref())),
        ])
    }

    fn find(&self, name: &[u8], index: Option<u32>) -> Option<Place> {
        let name = std::str::from_utf8(name).ok()?;
        self.find_in(&self.0, name, index)
    }

    fn context(&self, context: Context) -> Option<Place> {
        self.find_in(&self.0[1..], context.name(), None)
    }

    fn find_in(
        &self,
        parts: &[(Part, Option<&'c StructClass>)],
        name: &str,
        index: Option<u32>,
    ) -> Option<Place> {
        parts.iter().find_map(|(part, class)| {
            let mut steps = Vec::new();
            let class = descend(members_of((*class)?), name, &mut steps)?;
            let is_element = is_list(class);
            let fits = match (class, index) {
                (FieldClass::Array(array), Some(index)) => u64::from(index) < array.length,
                _ => true,
            };
            let part = *part;
            (is_element == index.is_some() && fits).then_some(Place { part, steps })
        })
    }
}

/// The field that a name such as `a.b[3].c` leads to.
fn descend<'c>(members: Members<'c>, name: &str, steps: &mut Vec<usize>) -> Option<&'c FieldClass> {
    // A field's own name may have points in it: the longest that there is counts.
    let ends = name.match_indices(['.', '[']).map(|(at, _)| at);
    let ends: Vec<usize> = ends.chain([name.len()]).collect();
    let (index, member, rest) = ends.into_iter().rev().find_map(|end| {
        let index = members
            .iter()
            .position(|member| member.name == name[..end])?;
        Some((index, &members[index].class, &name[end..]))
    })?;
    steps.push(index);
    below(member, rest, steps)
}

type Members<'c> = &'c [thalweg_model::Member];

fn members_of(class: &StructClass) -> Members<'_> {
    &class.members
}

fn below<'c>(class: &'c FieldClass, rest: &str, steps: &mut Vec<usize>) -> Option<&'c FieldClass> {
    match (rest.as_bytes().first(), class) {
        (None, class) => Some(class),
        (Some(b'.'), FieldClass::Struct(class)) => descend(&class.members, &rest[1..], steps),
        (Some(b'['), class) => {
            let (index, rest) = rest[1..].split_once(']')?;
            steps.push(index.parse().ok()?);
            below(element_of(class)?, rest, steps)
        }
        _ => None,
    }
}

fn element_of(class: &FieldClass) -> Option<&FieldClass> {
    match class {
        FieldClass::Array(class) => Some(&class.element),
        FieldClass::Sequence(class) => Some(&class.element),
        _ => None,
    }
}

/// Whether values of a class are lists: arrays of characters are texts.
fn is_list(class: &FieldClass) -> bool {
    let is_text = |element: &FieldClass| {
        matches!(element, FieldClass::Integer(c)
            if c.size_bits == 8 && c.align_bits == 8 && c.encoding != Encoding::None)
    };
    element_of(class).is_some_and(|element| !is_text(element))
}

struct Values<'v> {
    linked: &'v Linked,
    event: &'v Event<'v>,
    packet: Option<Value<'v>>,
}

impl<'v> Values<'v> {
    fn at(&self, place: &Place) -> Option<Value<'v>> {
        let mut value = match place.part {
            Part::Payload => self.event.payload(),
            Part::Specific => self.event.specific_context(),
            Part::Common => self.event.common_context(),
            Part::Packet => self.packet,
        }?;
        for step in &place.steps {
            value = inside(value, *step)?;
        }
        Some(value)
    }
}

fn inside(value: Value<'_>, step: usize) -> Option<Value<'_>> {
    match value {
        Value::Struct(values) | Value::List(values) => values.get(step),
        _ => None,
    }
}

fn operand(value: Value<'_>) -> Option<Operand<'_>> {
    match value {
        Value::Unsigned(value) => Some(Operand::Uint(value)),
        Value::Signed(value) => Some(Operand::Int(value)),
        Value::F32(value) => Some(Operand::Float(value.into())),
        Value::F64(value) => Some(Operand::Float(value)),
        Value::Text(text) => Some(Operand::Text(text)),
        Value::List(_) | Value::Struct(_) | Value::Variant(..) => None,
    }
}

impl Source for Values<'_> {
    fn field(&self, index: u16) -> Option<Operand<'_>> {
        let place = self.linked.places.get(usize::from(index))?;
        operand(self.at(place)?)
    }

    fn element(&self, index: u16, at: u32) -> Option<Operand<'_>> {
        let place = self.linked.places.get(usize::from(index))?;
        operand(inside(self.at(place)?, at as usize)?)
    }

    fn context(&self, context: Context) -> Option<Operand<'_>> {
        let known = self.linked.contexts.iter();
        let (_, place) = known.into_iter().find(|(known, _)| *known == context)?;
        operand(self.at(place)?)
    }
}
