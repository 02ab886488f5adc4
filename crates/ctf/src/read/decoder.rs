//! The compiled form of a trace class, and the three calls that read a packet with it.

use std::collections::HashMap;
use std::sync::Arc;

use thalweg_model::{Event, StreamClass, Timestamp, TraceClass, Value};

use super::bits::Bits;
use super::build::{Build, Nothing, Values};
use super::compile::{clock_name, compile};
use super::cursor::{Cursor, MAX_VALUES, Pending, Window};
use super::error::{DecodeError, Halt};
use super::head::{ContextFields, HeaderFields, PacketHead};
use super::plan::StructPlan;
use super::run::Executor;
use super::slots::Slots;
use crate::path::{Scope, Scopes};

/// Decodes the packets of one trace.
#[derive(Clone, Debug)]
pub struct Decoder {
    class: Arc<TraceClass>,
    header: Option<StructPlan>,
    header_fields: HeaderFields,
    streams: Vec<Stream>,
}

/// The plans of a stream class.
#[derive(Clone, Debug)]
struct Stream {
    id: u64,
    /// Again, with the slots that this stream's fields need.
    header: Option<StructPlan>,
    context: Option<StructPlan>,
    context_fields: ContextFields,
    event_header: Option<StructPlan>,
    event_context: Option<StructPlan>,
    events: Vec<EventPlan>,
    by_id: HashMap<u64, usize>,
    /// Events by id, for small ids: one load instead of a hash.
    by_small_id: Vec<Option<u32>>,
    slots: usize,
    /// The index of its clock's class.
    clock: Option<usize>,
}

#[derive(Clone, Debug)]
struct EventPlan {
    class: usize,
    specific_context: Option<StructPlan>,
    payload: Option<StructPlan>,
}

const SMALL_IDS: u64 = 4096;

impl Decoder {
    /// Compiles a trace class.
    pub fn new(class: Arc<TraceClass>) -> Self {
        let scopes = Scopes([class.packet_header.as_ref(), None, None, None, None, None]);
        let header = compile(&scopes, &Slots::default(), Scope::PacketHeader);
        let header_fields = HeaderFields::of(class.packet_header.as_ref());
        let streams = class
            .streams
            .iter()
            .map(|stream| Stream::new(&class, stream))
            .collect();
        Self {
            class,
            header,
            header_fields,
            streams,
        }
    }

    /// The class that was compiled.
    pub fn class(&self) -> &Arc<TraceClass> {
        &self.class
    }

    /// The clock of a stream class, as an index in the trace's `clocks`.
    pub fn clock_of(&self, stream: usize) -> Option<usize> {
        self.streams.get(stream)?.clock
    }

    /// Reads a packet's header and context, and puts the cursor at its first event. The window must
    /// begin at the packet; `available_bits` is how much of the packet can be there at most.
    pub fn begin_packet<'a>(
        &self,
        cursor: &mut Cursor,
        window: Window<'a>,
        available_bits: u64,
    ) -> Result<(PacketHead, Option<Value<'a>>), Halt> {
        cursor.notes.reset(0);
        let clock = cursor.notes.clock;
        let mut exec = Executor {
            bits: Bits::new(window, 0, available_bits),
            notes: &mut cursor.notes,
        };
        let header = self
            .header
            .as_ref()
            .map(|plan| exec.structure::<Values>(plan))
            .transpose()?;
        let header = header.unwrap_or(Value::Struct(Vec::new()));
        self.header_fields.check(&header)?;
        let index = self.find_stream(self.header_fields.stream_id(&header))?;
        let stream = &self.streams[index];
        exec.notes.reset(stream.slots);
        exec.bits.at = 0;
        if let Some(plan) = &stream.header {
            exec.structure::<Nothing>(plan)?;
        }
        let context = stream
            .context
            .as_ref()
            .map(|plan| exec.structure::<Values>(plan))
            .transpose()?;
        let mut head = PacketHead {
            stream: index,
            head_bits: exec.bits.at,
            ..PacketHead::default()
        };
        head.instance_id = self.header_fields.instance_id(&header);
        if let Some(context) = &context {
            stream.context_fields.fill(context, &mut head);
        }
        head.check_sizes()?;
        cursor.enter(&head, clock, available_bits);
        Ok((head, context))
    }

    fn find_stream(&self, id: Option<u64>) -> Result<usize, DecodeError> {
        let found = match id {
            Some(id) => self.streams.iter().position(|stream| stream.id == id),
            None => (self.streams.len() == 1).then_some(0),
        };
        found.ok_or(DecodeError::UnknownStream(id))
    }

    /// Reads the next event's header: `None` at the end of the packet, else when it happened.
    pub fn peek_event(
        &self,
        cursor: &mut Cursor,
        window: Window<'_>,
    ) -> Result<Option<Option<Timestamp>>, Halt> {
        if let Some(pending) = cursor.pending {
            return Ok(Some(pending.at));
        }
        if cursor.at_bits >= cursor.end_bits {
            return cursor.finish().map(|()| None);
        }
        let stream = &self.streams[cursor.stream];
        let (at_bits, clock) = (cursor.at_bits, cursor.notes.clock);
        cursor.notes.id = None;
        cursor.notes.budget = MAX_VALUES;
        let mut exec = cursor.executor(window, at_bits);
        let read = stream
            .event_header
            .as_ref()
            .map(|plan| exec.structure::<Nothing>(plan))
            .transpose();
        let body_bits = exec.bits.at;
        if let Err(halt) = read {
            cursor.notes.clock = clock;
            return Err(halt);
        }
        let event = stream.find_event(cursor.notes.id, at_bits)?;
        let at = stream.clock.map(|_| Timestamp(cursor.notes.clock));
        cursor.pending = Some(Pending {
            event,
            body_bits,
            at,
        });
        Ok(Some(at))
    }

    /// Checks that the window shows all of the event that [`peek_event`](Self::peek_event) found.
    pub fn measure_event(&self, cursor: &mut Cursor, window: Window<'_>) -> Result<(), Halt> {
        let Some(pending) = cursor.pending else {
            return Ok(());
        };
        let stream = &self.streams[cursor.stream];
        let clock = cursor.notes.clock;
        cursor.notes.budget = MAX_VALUES;
        let mut exec = cursor.executor(window, pending.body_bits);
        let read = stream.body::<Nothing>(&stream.events[pending.event], &mut exec);
        cursor.notes.clock = clock;
        read.map(|_| ())
    }

    /// Reads the rest of the event that [`peek_event`](Self::peek_event) found: `None` without one.
    pub fn take_event<'a>(
        &self,
        cursor: &mut Cursor,
        window: Window<'a>,
    ) -> Result<Option<Event<'a>>, Halt> {
        let Some(pending) = cursor.pending else {
            return Ok(None);
        };
        let stream = &self.streams[cursor.stream];
        let plan = &stream.events[pending.event];
        let clock = cursor.notes.clock;
        cursor.notes.budget = MAX_VALUES;
        let mut exec = cursor.executor(window, pending.body_bits);
        let read = stream.body::<Values>(plan, &mut exec);
        let end_bits = exec.bits.at;
        let [common_context, specific_context, payload] = match read {
            Ok(read) => read,
            Err(halt) => {
                cursor.notes.clock = clock;
                return Err(halt);
            }
        };
        if end_bits == cursor.at_bits {
            return Err(DecodeError::EmptyEvent { at_bits: end_bits }.into());
        }
        cursor.at_bits = end_bits;
        cursor.pending = None;
        let (class, at) = (plan.class, pending.at);
        Ok(Some(Event {
            class,
            at,
            common_context,
            specific_context,
            payload,
        }))
    }
}

impl Cursor {
    fn enter(&mut self, head: &PacketHead, clock: u64, available_bits: u64) {
        let claimed = head.content_end_bits().unwrap_or(available_bits);
        let size = head.size_bits().unwrap_or(available_bits);
        self.stream = head.stream;
        self.at_bits = head.head_bits;
        self.end_bits = claimed.min(available_bits);
        self.beyond = (size > available_bits).then_some((size, available_bits));
        self.pending = None;
        // The end of the packet is in its context too, and is not what the clock shows now.
        self.notes.clock = head.begin.map_or(clock, |begin| begin.0);
    }

    /// The end of the content: an error if the packet claimed more than there is.
    fn finish(&mut self) -> Result<(), Halt> {
        match self.beyond.take() {
            Some((claimed_bits, available_bits)) => Err(DecodeError::BeyondFile {
                claimed_bits,
                available_bits,
            }
            .into()),
            None => Ok(()),
        }
    }

    fn executor<'a>(&mut self, window: Window<'a>, at_bits: u64) -> Executor<'a, '_> {
        Executor {
            bits: Bits::new(window, at_bits, self.end_bits),
            notes: &mut self.notes,
        }
    }
}

impl Stream {
    fn new(class: &TraceClass, stream: &StreamClass) -> Self {
        let common = Scopes([
            class.packet_header.as_ref(),
            stream.packet_context.as_ref(),
            stream.event_header.as_ref(),
            stream.event_context.as_ref(),
            None,
            None,
        ]);
        let events = events_of(class, stream, &common);
        let shared = shared_slots(&common, &events);
        let (plans, slots) = event_plans(class, &events, &shared);
        let by_id: HashMap<u64, usize> = plans
            .iter()
            .enumerate()
            .map(|(at, plan)| (class.events[plan.class].id, at))
            .collect();
        let all = events.iter().map(|(_, scopes)| scopes).chain([&common]);
        Self {
            id: stream.id,
            header: compile(&common, &shared, Scope::PacketHeader),
            context: compile(&common, &shared, Scope::PacketContext),
            context_fields: ContextFields::of(stream.packet_context.as_ref()),
            event_header: compile(&common, &shared, Scope::EventHeader),
            event_context: compile(&common, &shared, Scope::CommonContext),
            by_small_id: small_ids(&by_id),
            events: plans,
            by_id,
            slots: slots as usize,
            clock: all.into_iter().find_map(|scopes| clock_of(class, scopes)),
        }
    }

    fn find_event(&self, id: Option<u64>, at_bits: u64) -> Result<usize, DecodeError> {
        let found = match id {
            Some(id) if id < SMALL_IDS => {
                let found = self.by_small_id.get(id as usize).copied().flatten();
                found.map(|plan| plan as usize)
            }
            Some(id) => self.by_id.get(&id).copied(),
            None => (self.events.len() == 1).then_some(0),
        };
        found.ok_or(DecodeError::UnknownEvent {
            id,
            stream_id: self.id,
            at_bits,
        })
    }

    fn body<'a, B: Build<'a>>(
        &self,
        event: &EventPlan,
        exec: &mut Executor<'a, '_>,
    ) -> Result<[Option<B::One>; 3], Halt> {
        let mut part = |plan: &Option<StructPlan>| {
            plan.as_ref()
                .map(|plan| exec.structure::<B>(plan))
                .transpose()
        };
        Ok([
            part(&self.event_context)?,
            part(&event.specific_context)?,
            part(&event.payload)?,
        ])
    }
}

fn events_of<'a>(
    class: &'a TraceClass,
    stream: &StreamClass,
    common: &Scopes<'a>,
) -> Vec<(usize, Scopes<'a>)> {
    let events = class
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| event.stream_id == stream.id);
    let scopes = events.map(|(index, event)| {
        let mut scopes = *common;
        scopes.0[Scope::SpecificContext as usize] = event.specific_context.as_ref();
        scopes.0[Scope::Payload as usize] = Some(&event.payload);
        (index, scopes)
    });
    scopes.collect()
}

fn small_ids(by_id: &HashMap<u64, usize>) -> Vec<Option<u32>> {
    let count = by_id
        .keys()
        .filter(|id| **id < SMALL_IDS)
        .max()
        .map_or(0, |id| *id as usize + 1);
    let mut small = vec![None; count];
    for (id, plan) in by_id {
        if let Some(place) = small.get_mut(usize::try_from(*id).unwrap_or(usize::MAX)) {
            *place = u32::try_from(*plan).ok();
        }
    }
    small
}

fn shared_slots(common: &Scopes<'_>, events: &[(usize, Scopes<'_>)]) -> Slots {
    let mut shared = Slots::default();
    for scope in Scope::ALL {
        shared.add_shared(common, scope);
    }
    for (_, scopes) in events {
        shared.add_shared(scopes, Scope::SpecificContext);
        shared.add_shared(scopes, Scope::Payload);
    }
    shared
}

/// The plans of a stream's events, and how many slots they need at most.
fn event_plans(
    class: &TraceClass,
    events: &[(usize, Scopes<'_>)],
    shared: &Slots,
) -> (Vec<EventPlan>, u32) {
    let mut slots = shared.count;
    let plan = |(index, scopes): &(usize, Scopes<'_>)| {
        let mut own = shared.clone();
        own.add(scopes, Scope::SpecificContext);
        own.add(scopes, Scope::Payload);
        slots = slots.max(own.count);
        // An event without `fields` has no payload; one with `struct {}` has an empty one.
        let payload = &class.events[*index].payload;
        let declared = payload.min_align_bits > 0 || !payload.members.is_empty();
        EventPlan {
            class: *index,
            specific_context: compile(scopes, &own, Scope::SpecificContext),
            payload: compile(scopes, &own, Scope::Payload).filter(|_| declared),
        }
    };
    (events.iter().map(plan).collect(), slots)
}

/// The index of the clock that these fields show.
fn clock_of(class: &TraceClass, scopes: &Scopes<'_>) -> Option<usize> {
    let members = scopes.0.iter().flatten().flat_map(|root| &root.members);
    let name = members
        .into_iter()
        .find_map(|member| clock_name(&member.class))?;
    class.clocks.iter().position(|clock| clock.name == name)
}
