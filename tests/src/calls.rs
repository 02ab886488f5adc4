//! System calls as a trace tells them: each entry with its exit, by thread.

use std::collections::BTreeMap;
use std::path::Path;

use thalweg_model::{EventClass, FieldClass, Message, Value, Values};
use thalweg_reader::Reader;

/// A call of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The kernel's name for it.
    pub name: String,
    /// What the fields of entry and exit say, in their order.
    pub numbers: Vec<(String, i128)>,
    /// The texts among them.
    pub texts: Vec<(String, Vec<u8>)>,
    /// What was moved, as far as it was copied.
    pub data: Vec<(String, Vec<u8>)>,
    /// The names of flags.
    pub labels: Vec<(String, Vec<String>)>,
    /// Numbers of structures in lists.
    pub nested: Vec<(String, i128)>,
    /// Numbers of structures that pointers lead to.
    pub members: Vec<(String, i128)>,
    /// What it returned, if it did.
    pub result: Option<i128>,
    /// What could not be read: the names of copies that are not whole, with what became of them.
    pub incomplete: Vec<(String, u64)>,
}

/// All calls of a trace by thread, in order.
///
/// # Panics
/// The trace cannot be read.
#[track_caller]
pub fn calls_of(dir: &Path) -> BTreeMap<u32, Vec<Call>> {
    let mut reader = Reader::open(&[dir]).expect("our reader opens what our recorder wrote");
    let class = reader.traces()[0].class().clone();
    let mut threads: BTreeMap<u32, Vec<Call>> = BTreeMap::new();
    while let Some(item) = reader.next() {
        let item = item.unwrap_or_else(|error| panic!("our reader: {error}"));
        if let Message::Event(event) = &item.message
            && let Some(Value::Struct(context)) = event.common_context()
            && let Some(Value::Struct(payload)) = event.payload()
        {
            let tid = context.get(1).and_then(number);
            let tid = tid.expect("the second context is the thread") as u32;
            let calls = threads.entry(tid).or_default();
            take(&class.events[event.class], payload, calls);
        }
    }
    threads
}

fn take(class: &EventClass, payload: Values<'_>, calls: &mut Vec<Call>) {
    let plain = class.name.strip_prefix("compat_").unwrap_or(&class.name);
    if let Some(name) = plain.strip_prefix("syscall_entry_") {
        let mut call = Call {
            name: name.to_owned(),
            ..Call::default()
        };
        call.fill(class, payload);
        calls.push(call);
        return;
    }
    let name = plain.strip_prefix("syscall_exit_").unwrap_or_default();
    // What a signal handler returns from has no number at its exit; a child's first exit no entry.
    if let Some(call) = calls.last_mut()
        && call.result.is_none()
        && (call.name == name || name == "unknown")
    {
        call.fill(class, payload);
        let is_result = |(name, _): &&(String, i128)| name == "ret";
        call.result = call.numbers.iter().find(is_result).map(|(_, value)| *value);
        call.numbers.retain(|(name, _)| name != "ret");
    }
}

impl Call {
    fn fill(&mut self, class: &EventClass, payload: Values<'_>) {
        for (member, value) in class.payload.members.iter().zip(payload) {
            let name = member.name.clone();
            match (&member.class, number(value)) {
                (FieldClass::Enum(_), Some(state)) if name.ends_with("_copy") => {
                    if state != 0 {
                        self.incomplete.push((name, state as u64));
                    }
                }
                (_, Some(value)) => self.numbers.push((name, value)),
                _ if name.ends_with("_data") => self.data.push((name, bytes(value))),
                _ if name.ends_with("_labels") => {
                    let labels = labels(&member.class, value);
                    self.labels.push((name, labels));
                }
                _ => self.fill_rest(&member.class, name, value),
            }
        }
    }

    fn fill_rest(&mut self, class: &FieldClass, name: String, value: Value<'_>) {
        let element = match class {
            FieldClass::Array(class) => &class.element,
            FieldClass::Sequence(class) => &class.element,
            other => other,
        };
        match value {
            Value::Text(text) => self.texts.push((name, text.to_vec())),
            Value::List(elements) => {
                for value in elements {
                    match number(value) {
                        Some(value) => self.numbers.push((name.clone(), value)),
                        None => self.fill_rest(element, name.clone(), value),
                    }
                }
            }
            Value::Struct(values) => {
                let FieldClass::Struct(class) = element else {
                    return;
                };
                let list = match name.ends_with("_value") {
                    true => &mut self.members,
                    false => &mut self.nested,
                };
                for (member, value) in class.members.iter().zip(values) {
                    list.extend(number(value).map(|value| (member.name.clone(), value)));
                }
            }
            _ => {}
        }
    }

    /// The numbers of a field that is a list.
    pub fn list(&self, name: &str) -> Vec<i128> {
        let is_of = |(field, _): &&(String, i128)| field == name;
        let found = self.numbers.iter().filter(is_of);
        found.map(|(_, value)| *value).collect()
    }
}

fn bytes(value: Value<'_>) -> Vec<u8> {
    let Value::List(elements) = value else {
        return Vec::new();
    };
    let bytes = elements.into_iter().filter_map(number);
    bytes.map(|byte| byte as u8).collect()
}

/// The names of a list's numbers; those without one are left out.
fn labels(class: &FieldClass, value: Value<'_>) -> Vec<String> {
    let (FieldClass::Sequence(list), Value::List(elements)) = (class, value) else {
        return Vec::new();
    };
    let FieldClass::Enum(class) = &*list.element else {
        return Vec::new();
    };
    let name = |number: i128| {
        let mut mappings = class.mappings.iter();
        mappings.find(|mapping| mapping.first == number)
    };
    let named = elements.into_iter().filter_map(number).filter_map(name);
    named.map(|mapping| mapping.label.clone()).collect()
}

fn number(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Unsigned(value) => Some(value.into()),
        Value::Signed(value) => Some(value.into()),
        _ => None,
    }
}
