//! Filters that the kernel cannot test: they are tested when records are read.
//!
//! ```text
//!   record ─ type ─▶ filters of the event ─ fields of the record, contexts of its thread ─▶ in the trace or not
//! ```
//!
//! Invariant: an event passes exactly if [`thalweg_filter::evaluate`] says true of its fields as the trace
//! has them.

use std::collections::HashMap;

use thalweg_filter::{Context, Expr, Filter, Node, Source, Value, evaluate, link};
use thalweg_kbuf::{FieldSource, Reading};
use thalweg_model::{FieldClass, IntegerClass};

use crate::context::{KernelContext, KernelContexts, Known};
use crate::{KernelEvent, PlannedEvent};

/// Bytecode of 64 KiB is linked into no more words.
const ROOM_WORDS: usize = 1 << 16;

/// The filters, by the events' types.
#[derive(Debug, Default)]
pub(crate) struct Tested {
    by_type: HashMap<u16, Vec<Linked>>,
}

/// A filter with the places of its fields.
#[derive(Debug)]
struct Linked {
    words: Vec<u64>,
    places: Vec<Place>,
    contexts: Vec<(Context, KernelContext)>,
}

/// Where a value lies.
#[derive(Clone, Debug)]
enum Place {
    Number(FieldSource, IntegerClass),
    List(FieldSource, IntegerClass),
    Text(FieldSource, Option<u64>),
}

impl Tested {
    /// The filters of a plan.
    pub(crate) fn of(events: &[PlannedEvent]) -> Self {
        let mut by_type: HashMap<u16, Vec<Linked>> = HashMap::new();
        for planned in events {
            let linked = planned.tested.iter();
            let linked = linked.filter_map(|filter| Linked::new(filter, &planned.event));
            let all: Vec<Linked> = linked.collect();
            if !planned.tested.is_empty() {
                by_type.insert(planned.event.type_id, all);
            }
        }
        Self { by_type }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_type.is_empty()
    }

    /// What they ask of threads.
    pub(crate) fn contexts(&self) -> KernelContexts {
        let all = self.by_type.values().flatten();
        let all = all.flat_map(|linked| &linked.contexts);
        all.fold(KernelContexts::default(), |set, (_, context)| {
            set.with(*context)
        })
    }

    /// Whether a record's event has any.
    pub(crate) fn has(&self, record: &[u8]) -> bool {
        self.find(record).is_some()
    }

    /// Whether it passes all of them.
    pub(crate) fn pass(&self, record: &[u8], known: &Known<'_>) -> bool {
        let mut linked = self.find(record).into_iter().flatten();
        linked.all(|linked| {
            let values = Values {
                linked,
                record,
                known,
            };
            evaluate(&linked.words[..], &values)
        })
    }

    fn find(&self, record: &[u8]) -> Option<&Vec<Linked>> {
        let kind = u16::from_le_bytes(*record.first_chunk()?);
        self.by_type.get(&kind)
    }
}

/// Whether a filter can be tested so: all that it asks for is in the record, or known of the thread.
pub(crate) fn can_be_tested(filter: &Filter, event: &KernelEvent) -> bool {
    let mut parts = filter.expr().parts();
    parts.all(|part| is_known(part, event)) && Linked::new(filter, event).is_some()
}

fn is_known(part: &Expr, event: &KernelEvent) -> bool {
    match &part.node {
        Node::Field { name, .. } => place(name, event).is_some(),
        Node::Context(Context::CpuId) => true,
        Node::Context(context) => of_kernel(*context).is_some(),
        Node::App { .. } => false,
        Node::Literal(_)
        | Node::Unary(..)
        | Node::Arithmetic(..)
        | Node::Comparison(..)
        | Node::Logic(..) => true,
    }
}

fn of_kernel(context: Context) -> Option<KernelContext> {
    let mut all = KernelContext::ALL.into_iter();
    all.find(|known| known.name() == context.name())
}

impl Linked {
    fn new(filter: &Filter, event: &KernelEvent) -> Option<Self> {
        let code = filter.compile().ok()?;
        let (mut words, mut places) = (vec![0; ROOM_WORDS], Vec::new());
        let lookup = |name: &[u8], index: Option<u32>| {
            let place = place(std::str::from_utf8(name).ok()?, event)?;
            let is_list = matches!(place, Place::List(..));
            (is_list == index.is_some()).then_some(())?;
            places.push(place);
            u16::try_from(places.len() - 1).ok()
        };
        let len = link(code.as_bytes(), lookup, &mut words).ok()?;
        words.truncate(len);
        words.shrink_to_fit();
        let contexts = Context::ALL.into_iter();
        let contexts = contexts.filter(|context| filter.expr().asks_for(*context));
        Some(Self {
            words,
            places,
            contexts: contexts
                .filter_map(|context| Some((context, of_kernel(context)?)))
                .collect(),
        })
    }
}

/// A field by the trace's name, or by the kernel's.
fn place(name: &str, event: &KernelEvent) -> Option<Place> {
    let sources = &event.sources;
    let Some(source) = sources.iter().find(|source| source.name == name) else {
        return of_kernel_name(name, event);
    };
    let mut members = event.payload.members.iter();
    let class = &members.find(|member| member.name == name)?.class;
    let source = source.clone();
    match (source.reading, class) {
        (Reading::Number { .. }, FieldClass::Integer(class)) if !is_address(&source) => {
            Some(Place::Number(source, class.clone()))
        }
        (Reading::Number { .. }, FieldClass::Enum(class)) => {
            Some(Place::Number(source, class.integer.clone()))
        }
        (Reading::Text | Reading::CutText, FieldClass::Array(class)) => {
            Some(Place::Text(source, Some(class.length)))
        }
        (Reading::Text | Reading::CutText, FieldClass::String(_)) => {
            Some(Place::Text(source, None))
        }
        (Reading::List, FieldClass::Array(class)) => list(source, &class.element),
        (Reading::List, FieldClass::Sequence(class)) => list(source, &class.element),
        _ => None,
    }
}

/// Whether a number is where a text lies, which no record tells.
fn is_address(source: &FieldSource) -> bool {
    matches!(source.field.c_type.as_str(), "char *" | "const char *")
}

fn list(source: FieldSource, element: &FieldClass) -> Option<Place> {
    match element {
        FieldClass::Integer(class) => Some(Place::List(source, class.clone())),
        _ => None,
    }
}

/// The kernel's own number, as the kernel has it.
fn of_kernel_name(name: &str, event: &KernelEvent) -> Option<Place> {
    let mut sources = event.sources.iter();
    let source = sources.find(|source| source.field.name == name)?;
    let thalweg_kbuf::Element::Integer { size_bytes, signed } = source.field.element else {
        return None;
    };
    let mut source = source.clone();
    source.reading = Reading::Number { add: 0 };
    let class = IntegerClass::le(u32::from(size_bytes) * 8, signed);
    Some(Place::Number(source, class))
}

struct Values<'v> {
    linked: &'v Linked,
    record: &'v [u8],
    known: &'v Known<'v>,
}

impl Source for Values<'_> {
    fn field(&self, index: u16) -> Option<Value<'_>> {
        match self.linked.places.get(usize::from(index))? {
            Place::Number(source, class) => source.number(class, self.record).map(Value::Int),
            Place::Text(source, room) => source.text(*room, self.record).map(Value::Text),
            Place::List(..) => None,
        }
    }

    fn element(&self, index: u16, at: u32) -> Option<Value<'_>> {
        match self.linked.places.get(usize::from(index))? {
            Place::List(source, class) => source.element(class, at, self.record).map(Value::Int),
            _ => None,
        }
    }

    fn context(&self, context: Context) -> Option<Value<'_>> {
        if context == Context::CpuId {
            return Some(Value::Uint(self.known.cpu.into()));
        }
        let mut contexts = self.linked.contexts.iter();
        let (_, context) = contexts.find(|(known, _)| *known == context)?;
        Some(self.known.value(*context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::Task;
    use thalweg_kbuf::{EventFormat, Naming, RecordHead};

    const FORMAT: &str = "name: tick\nID: 7\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
        \tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:int other;\toffset:12;\tsize:4;\tsigned:1;\n\nprint fmt: \"x\"";

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let format = EventFormat::parse(FORMAT).unwrap();
        let event = KernelEvent::new("test", &format, Naming::Lttng);
        let filter: Filter = filter.parse().unwrap();
        assert!(can_be_tested(&filter, &event));
        let mut planned = PlannedEvent::unfiltered(event);
        planned.tested.push(filter);
        let tested = Tested::of(&[planned]);
        let record = [7, 0, 0, 0, 9, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0];
        let task = Task {
            pid: 42,
            ..Task::default()
        };
        let known = Known {
            head: RecordHead::parse(&record).unwrap(),
            task,
            cpu: 1,
            group: b"",
            hostname: b"box\0",
        };
        assert_eq!(tested.pass(&record, &known), expected);
    }

    #[test]
    fn fields_and_contexts_are_tested_together() {
        check("irq * 2 == other", true);
        check("irq * 2 == other && $ctx.pid == 42", true);
        check("$ctx.pid == other", false);
        check("$ctx.tid == 9 && $ctx.cpu_id == 1", true);
        check("$ctx.hostname == \"box\"", true);
        check("irq / (other - 6) == 1 || 1", false);
    }
}
