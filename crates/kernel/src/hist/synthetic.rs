//! From a user's synthetic event to the kernel's words.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use thalweg_kbuf::{Element, EventFormat, Field, Shape};

use super::spec::SyntheticSpec;
use crate::{KnownEvent, TraceClock, Tracefs};

/// So many keys may be under way at once.
const ROOM: u32 = 16_384;

/// What the kernel is told.
#[derive(Debug)]
pub(super) struct Lowered {
    /// The event's name, machine-wide.
    pub(super) name: String,
    /// Its fields.
    pub(super) fields: String,
    /// The triggers, each with its event, in the order in which they are set.
    pub(super) triggers: [(KnownEvent, String); 2],
}

/// One of the two events.
struct Half {
    event: KnownEvent,
    format: EventFormat,
}

impl Half {
    fn find(tracefs: &Tracefs, pattern: &str) -> Result<Self, String> {
        let event = one_event(tracefs, pattern)?;
        let format = tracefs.format(&event).map_err(|error| error.to_string())?;
        Ok(Self { event, format })
    }

    /// The kernel's type for a field of it, as a synthetic event has it.
    fn type_of(&self, name: &str) -> Result<String, String> {
        let fields = self.format.common_pid.iter().chain(&self.format.fields);
        let mut fields = fields.filter(|field| field.name == name);
        let field = fields
            .next()
            .ok_or_else(|| format!("{} has no field `{name}`", self.event.path()))?;
        c_type(field).ok_or_else(|| {
            format!(
                "the field `{name}` of {} is neither a number nor a text of fixed length",
                self.event.path()
            )
        })
    }
}

/// The one event that a pattern means.
pub(super) fn one_event(tracefs: &Tracefs, pattern: &str) -> Result<KnownEvent, String> {
    let mut found = tracefs
        .find_events(pattern)
        .map_err(|error| format!("failed to {error}"))?;
    match (found.pop(), found.len()) {
        (Some(event), 0) => Ok(event),
        (_, others) => Err(format!(
            "`{pattern}` means {} events, and is to mean one",
            others + 1
        )),
    }
}

fn c_type(field: &Field) -> Option<String> {
    match (field.element, field.shape) {
        (Element::Char, Shape::Array(length)) => Some(format!("char[{length}]")),
        (Element::Integer { size_bytes, signed }, Shape::Scalar) => {
            let sign = if signed { 's' } else { 'u' };
            Some(format!("{sign}{}", u32::from(size_bytes) * 8))
        }
        (Element::Pointer { size_bytes }, Shape::Scalar) => {
            Some(format!("u{}", u32::from(size_bytes) * 8))
        }
        _ => None,
    }
}

/// A field's name in the synthetic event, which has the common ones of its own.
fn own_name(name: &str) -> &str {
    match name {
        "common_pid" => "tid",
        name => name,
    }
}

/// What the latency is told in.
const fn unit(clock: TraceClock) -> &'static str {
    match clock {
        TraceClock::Mono => "ns",
        TraceClock::X86Tsc => "cycles",
    }
}

/// The event's fields, and where the triggers get them from. Each is a variable, which has its field's
/// size and sign; a field that is named as it is has lost its sign, and is refused.
struct Told {
    fields: Vec<String>,
    names: BTreeSet<String>,
    parameters: Vec<String>,
    /// The variables of the first event, and of the second.
    saved: [String; 2],
}

impl Told {
    fn new(own: &str, clock: TraceClock) -> Self {
        Self {
            fields: vec![format!("u64 latency_{}", unit(clock))],
            names: BTreeSet::new(),
            parameters: vec![format!("$took_{own}")],
            saved: Default::default(),
        }
    }

    fn add(&mut self, own: &str, half: &Half, field: &str, of_start: bool) -> Result<(), String> {
        let plain = own_name(field).to_owned();
        let name = match self.names.contains(&plain) {
            true => format!("start_{plain}"),
            false => plain,
        };
        if !self.names.insert(name.clone()) {
            return Err(format!("the field `{field}` is named twice"));
        }
        self.fields.push(declared(&half.type_of(field)?, &name));
        let variable = format!("{own}_{name}");
        self.parameters.push(format!("${variable}"));
        let saved = &mut self.saved[usize::from(!of_start)];
        let _ = write!(saved, ":{variable}={field}");
        Ok(())
    }
}

/// Says a synthetic event in the kernel's words; `name` is its name there.
pub(super) fn lower(
    tracefs: &Tracefs,
    spec: &SyntheticSpec,
    name: String,
    clock: TraceClock,
) -> Result<Lowered, String> {
    let start = Half::find(tracefs, &spec.start.0)?;
    let end = Half::find(tracefs, &spec.end.0)?;
    let (own, first_key, key) = (&spec.name, &spec.start.1, &spec.end.1);
    start.type_of(first_key)?;
    let mut told = Told::new(own, clock);
    told.add(own, &end, key, false)?;
    for field in &spec.fields {
        let half = if field.of_start { &start } else { &end };
        told.add(own, half, &field.name, field.of_start)?;
    }
    let clock = clock.name();
    let [of_start, of_end] = &told.saved;
    let first = format!(
        "hist:keys={first_key}:began_{own}=common_timestamp{of_start}:size={ROOM}:clock={clock}"
    );
    let matched = format!("{}.{}", start.event.system, start.event.kernel_name);
    let parameters = told.parameters.join(",");
    let second = format!(
        "hist:keys={key}:took_{own}=common_timestamp-$began_{own}{of_end}:size={ROOM}:clock={clock}:\
         onmatch({matched}).trace({name},{parameters})"
    );
    Ok(Lowered {
        name,
        fields: told.fields.join("; "),
        triggers: [(start.event, first), (end.event, second)],
    })
}

fn declared(c_type: &str, name: &str) -> String {
    match c_type.split_once('[') {
        Some((element, rest)) => format!("{element} {name}[{rest}"),
        None => format!("{c_type} {name}"),
    }
}
