//! The compiled form of a trace class, and the two calls that read a packet with it.

use std::sync::Arc;

use thalweg_model::{Tape, TraceClass, Value};

use super::batch::Batch;
use super::bits::Bits;
use super::compile::compile;
use super::cursor::{Cursor, Window};
use super::error::{DecodeError, Halt};
use super::head::{HeaderFields, PacketHead};
use super::plan::StructPlan;
use super::run::Executor;
use super::sink::Nothing;
use super::slots::Slots;
use super::stream::Stream;
use super::wanted::Wanted;
use crate::path::{Scope, Scopes};

/// Decodes the packets of one trace.
#[derive(Clone, Debug)]
pub struct Decoder {
    class: Arc<TraceClass>,
    header: Option<StructPlan>,
    header_fields: HeaderFields,
    streams: Vec<Stream>,
}

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
    pub fn begin_packet(
        &self,
        cursor: &mut Cursor,
        window: Window<'_>,
        available_bits: u64,
    ) -> Result<PacketHead, Halt> {
        cursor.notes.reset(0);
        cursor.context = false;
        let clock = cursor.notes.clock;
        cursor.end_bits = available_bits;
        let mut exec = cursor.onto_tape(window, 0);
        if let Some(plan) = &self.header {
            exec.structure(plan)?;
        }
        let header = cursor.first(window);
        let header = header.unwrap_or(Value::Unsigned(0));
        self.header_fields.check(&header)?;
        let index = self.find_stream(self.header_fields.stream_id(&header))?;
        let instance_id = self.header_fields.instance_id(&header);
        let mut head = self.read_context(index, cursor, window)?;
        head.instance_id = instance_id;
        head.check_sizes()?;
        cursor.enter(&head, clock, available_bits);
        Ok(head)
    }

    /// Reads what stands before the first event again, now that the stream's class is known.
    fn read_context(
        &self,
        index: usize,
        cursor: &mut Cursor,
        window: Window<'_>,
    ) -> Result<PacketHead, Halt> {
        let stream = &self.streams[index];
        cursor.notes.reset(stream.slots);
        let mut exec = Executor {
            bits: Bits::new(window, 0, cursor.end_bits),
            notes: &mut cursor.notes,
            sink: &mut Nothing,
        };
        if let Some(plan) = &stream.header {
            exec.structure(plan)?;
        }
        let at_bits = exec.bits.at;
        let mut exec = cursor.onto_tape(window, at_bits);
        if let Some(plan) = &stream.context {
            exec.structure(plan)?;
        }
        let mut head = PacketHead {
            stream: index,
            head_bits: exec.bits.at,
            ..PacketHead::default()
        };
        if let Some(context) = cursor.first(window) {
            stream.context_fields.fill(&context, &mut head);
            cursor.context = true;
        }
        Ok(head)
    }

    /// The same without the short way through most events: it must say the same.
    #[cfg(any(test, fuzzing))]
    #[must_use]
    pub fn without_short_way(mut self) -> Self {
        self.streams.iter_mut().for_each(Stream::forget_short_way);
        self
    }

    fn find_stream(&self, id: Option<u64>) -> Result<usize, DecodeError> {
        let found = match id {
            Some(id) => self.streams.iter().position(|stream| stream.id == id),
            None => (self.streams.len() == 1).then_some(0),
        };
        found.ok_or(DecodeError::UnknownStream(id))
    }

    /// Reads the next events of classes that are wanted into an empty batch, as many as fit and as the
    /// window shows: none at the end of the packet. After [`Halt::NeedMore`] the cursor is at the
    /// event that the window does not show.
    pub fn read_events(
        &self,
        cursor: &mut Cursor,
        window: Window<'_>,
        wanted: &Wanted,
        batch: &mut Batch,
    ) -> Result<(), Halt> {
        let stream = &self.streams[cursor.stream];
        batch.clear(stream.clock.is_some());
        while cursor.at_bits < cursor.end_bits {
            if batch.is_full() {
                return Ok(());
            }
            let clock = cursor.notes.clock;
            if let Err(halt) = stream.event(cursor, window, wanted, batch) {
                cursor.notes.clock = clock;
                // What is wrong is said again when its turn comes.
                return if batch.is_empty() { Err(halt) } else { Ok(()) };
            }
        }
        if batch.is_empty() {
            cursor.finish()
        } else {
            Ok(())
        }
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

    /// The first value on the tape.
    fn first<'a>(&'a self, window: Window<'a>) -> Option<Value<'a>> {
        self.tape.values(0, self.tape.end(), window.bytes).get(0)
    }

    /// Executes what leaves its values on the tape.
    fn onto_tape<'a>(&mut self, window: Window<'a>, at_bits: u64) -> Executor<'a, '_, Tape> {
        self.tape.clear();
        Executor {
            bits: Bits::new(window, at_bits, self.end_bits),
            notes: &mut self.notes,
            sink: &mut self.tape,
        }
    }
}
