//! The plans of a stream class, and one event read with them.

use std::collections::HashMap;

use thalweg_model::{Parts, StreamClass, Timestamp, TraceClass};

use super::batch::Batch;
use super::bits::Bits;
use super::compile::{clock_name, compile};
use super::cursor::{Cursor, MAX_VALUES, Window};
use super::error::{DecodeError, Halt};
use super::flat::{Flat, Walk};
use super::head::ContextFields;
use super::header::Header;
use super::plan::{Step, StructPlan};
use super::run::Executor;
use super::sink::{Nothing, Sink};
use super::slots::Slots;
use super::wanted::Wanted;
use crate::path::{Scope, Scopes};

/// The plans of a stream class.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) id: u64,
    /// Again, with the slots that this stream's fields need.
    pub(super) header: Option<StructPlan>,
    pub(super) context: Option<StructPlan>,
    pub(super) context_fields: ContextFields,
    event_header: Option<Header>,
    event_context: Option<StructPlan>,
    events: Vec<EventPlan>,
    by_id: HashMap<u64, usize>,
    /// Events by id, for small ids: one load instead of a hash, on the short way.
    by_small_id: Vec<Option<u32>>,
    pub(super) slots: usize,
    /// The index of its clock's class.
    pub(super) clock: Option<usize>,
}

#[derive(Clone, Debug)]
struct EventPlan {
    class: usize,
    specific_context: Option<StructPlan>,
    payload: Option<StructPlan>,
    parts: Parts,
    /// How many bytes its contexts and fields take, if that is always the same and nothing in them
    /// needs to be kept.
    size_bytes: Option<usize>,
    /// The short way through all its parts, if there is one.
    flat: Option<Flat>,
}

const SMALL_IDS: u64 = 4096;

impl Stream {
    pub(super) fn new(class: &TraceClass, stream: &StreamClass) -> Self {
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
        let event_context = compile(&common, &shared, Scope::CommonContext);
        let (plans, slots) = event_plans(class, &events, &shared, event_context.as_ref());
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
            event_header: compile(&common, &shared, Scope::EventHeader).map(Header::new),
            event_context,
            by_small_id: small_ids(&by_id),
            events: plans,
            by_id,
            slots: slots as usize,
            clock: all.into_iter().find_map(|scopes| clock_of(class, scopes)),
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn forget_short_way(&mut self) {
        self.by_small_id.fill(None);
        self.events
            .iter_mut()
            .for_each(|event| event.size_bytes = None);
    }

    fn find_event(&self, id: Option<u64>, at_bits: u64) -> Result<usize, DecodeError> {
        let found = match id {
            Some(id) => self.by_id.get(&id).copied(),
            None => (self.events.len() == 1).then_some(0),
        };
        found.ok_or(DecodeError::UnknownEvent {
            id,
            stream_id: self.id,
            at_bits,
        })
    }

    /// Reads one event into the batch, if it is wanted.
    #[inline]
    pub(super) fn event(
        &self,
        cursor: &mut Cursor,
        window: Window<'_>,
        wanted: &Wanted,
        batch: &mut Batch,
    ) -> Result<(), Halt> {
        let (clock, begin) = (cursor.notes.clock, batch.tape.end());
        if self.short_way(cursor, window, wanted, batch).is_some() {
            return Ok(());
        }
        cursor.notes.clock = clock;
        batch.tape.truncate(begin);
        let read = self.common_way(cursor, window, wanted, batch);
        if read.is_err() {
            batch.tape.truncate(begin);
        }
        read
    }

    /// Reads most events; `None` if this one needs [`common_way`](Self::common_way).
    #[inline]
    fn short_way(
        &self,
        cursor: &mut Cursor,
        window: Window<'_>,
        wanted: &Wanted,
        batch: &mut Batch,
    ) -> Option<()> {
        let short = self.event_header.as_ref()?.short()?;
        let place = |bits: u64| usize::try_from((bits / 8).checked_sub(window.begin_bytes)?).ok();
        let begin = place(cursor.at_bits)?;
        if !cursor.at_bits.is_multiple_of(8) {
            return None;
        }
        let (id, header_bytes) = short.read(window.bytes.get(begin..)?, &mut cursor.notes)?;
        let event = self.find_small(id)?;
        let at = Timestamp(cursor.notes.clock);
        let (at_bytes, end) = (begin + header_bytes, place(cursor.end_bits)?);
        let values = batch.tape.end();
        let is_wanted = wanted.has(event.class);
        let after = match event.size_bytes {
            Some(size_bytes) if !is_wanted => at_bytes + size_bytes,
            _ => {
                let mut walk = Walk {
                    bytes: window.bytes,
                    end,
                    at: at_bytes,
                    skips: !is_wanted,
                    tape: &mut batch.tape,
                    notes: &mut cursor.notes,
                };
                event.flat.as_ref()?.walk(&mut walk)?;
                walk.at
            }
        };
        if after > end.min(window.bytes.len()) {
            return None;
        }
        cursor.at_bits += (after - begin) as u64 * 8;
        if is_wanted {
            batch.push(event.class, event.parts, at, values);
        } else {
            batch.tape.truncate(values);
        }
        Some(())
    }

    #[inline]
    fn find_small(&self, id: u64) -> Option<&EventPlan> {
        let plan = *self.by_small_id.get(usize::try_from(id).ok()?)?;
        self.events.get(plan? as usize)
    }

    #[cold]
    #[inline(never)]
    fn common_way(
        &self,
        cursor: &mut Cursor,
        window: Window<'_>,
        wanted: &Wanted,
        batch: &mut Batch,
    ) -> Result<(), Halt> {
        let at_bits = cursor.at_bits;
        cursor.notes.id = None;
        cursor.notes.budget = MAX_VALUES;
        let mut exec = Executor {
            bits: Bits::new(window, at_bits, cursor.end_bits),
            notes: &mut cursor.notes,
            sink: &mut Nothing,
        };
        if let Some(header) = &self.event_header {
            header.read(&mut exec)?;
        }
        let event = &self.events[self.find_event(exec.notes.id, at_bits)?];
        if !wanted.has(event.class) {
            self.pass(event, &mut exec)?;
            let end_bits = exec.bits.at;
            return cursor.pass(end_bits);
        }
        let at = Timestamp(exec.notes.clock);
        let values = batch.tape.end();
        let mut exec = Executor {
            bits: exec.bits,
            notes: &mut cursor.notes,
            sink: &mut batch.tape,
        };
        self.body(event, &mut exec)?;
        let end_bits = exec.bits.at;
        cursor.pass(end_bits)?;
        batch.push(event.class, event.parts, at, values);
        Ok(())
    }

    /// Passes an event's contexts and fields.
    fn pass(&self, event: &EventPlan, exec: &mut Executor<'_, '_, Nothing>) -> Result<(), Halt> {
        match event.size_bytes {
            Some(size_bytes) => {
                exec.bits.align(8)?;
                exec.bits.bytes(size_bytes).map(|_| ())
            }
            None => self.body(event, exec),
        }
    }

    fn body<S: Sink>(&self, event: &EventPlan, exec: &mut Executor<'_, '_, S>) -> Result<(), Halt> {
        let parts = [&self.event_context, &event.specific_context, &event.payload];
        let mut plans = parts.into_iter().flatten();
        plans.try_for_each(|plan| exec.structure(plan))
    }
}

impl Cursor {
    /// An event ends here.
    fn pass(&mut self, end_bits: u64) -> Result<(), Halt> {
        if end_bits == self.at_bits {
            return Err(DecodeError::EmptyEvent { at_bits: end_bits }.into());
        }
        self.at_bits = end_bits;
        Ok(())
    }
}

/// How many bytes these structures take together, if nothing in them varies or is noted.
fn size_bytes(parts: [Option<&StructPlan>; 3]) -> Option<usize> {
    let mut total = 0;
    for plan in parts.into_iter().flatten() {
        for step in &plan.steps {
            match step {
                Step::Run(run) if run.align_bits == 8 && run.noted.is_empty() => total += run.bytes,
                _ => return None,
            }
        }
        if plan.align_bits > 8 {
            return None;
        }
    }
    // Without a byte there is nothing to align.
    (total > 0).then_some(total)
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
    event_context: Option<&StructPlan>,
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
        let specific_context = compile(scopes, &own, Scope::SpecificContext);
        let payload = compile(scopes, &own, Scope::Payload).filter(|_| declared);
        let plans = [event_context, specific_context.as_ref(), payload.as_ref()];
        EventPlan {
            class: *index,
            parts: Parts {
                common_context: event_context.is_some(),
                specific_context: specific_context.is_some(),
                payload: payload.is_some(),
            },
            size_bytes: size_bytes(plans),
            flat: Flat::of(plans),
            specific_context,
            payload,
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
