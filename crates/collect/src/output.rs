//! Where one user's programs are recorded to: a trace folder, its lanes, its event classes.

use std::path::Path;

use thalweg_ctf::write::{PacketContext, StreamLayout};
use thalweg_model::{FieldClass, LossCause, Member, Timestamp};

use crate::context::{Contexts, EventContexts, Values};
use crate::lanes::{Lanes, Place, User};
use crate::ledger::Ledger;
use crate::program::{CPU_LEN, Encoder, Full, HEADER, Program, SampledContexts, ThreadKey};
use crate::sink::{
    FoundStream, PacketHead, PageHead, Sent, SinkError, StreamClassId, StreamId, TraceIdentity,
    TraceWriter,
};
use crate::statedump::{Dump, DumpKind, LEVEL, Part};

/// Who emitted a packet, or an event of a shared stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Emitter {
    pub(crate) vpid: i32,
    pub(crate) vtid: i32,
    pub(crate) procname: Vec<u8>,
}

impl Emitter {
    pub(crate) fn of(program: &Program, thread: ThreadKey) -> Self {
        let procname = program.procname().to_vec();
        Self {
            vpid: program.vpid(),
            vtid: thread.tid.cast_signed(),
            procname,
        }
    }

    /// The bytes, as packet context or as event context.
    pub(crate) fn encode(&self) -> Vec<u8> {
        PacketContext::program(self.vpid, self.vtid, &self.procname).encode()
    }
}

/// Which of the two kinds of streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One thread at a time; it stands in the packet's context.
    Own = 0,
    /// Many threads; each event says whose it is.
    Shared = 1,
}

/// What is written as one packet.
pub(crate) struct Content<'a> {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) events: u64,
    pub(crate) context: &'a [u8],
    pub(crate) records: &'a [u8],
}

/// Pages of a lane that are being written.
pub(crate) struct OnTheWay {
    lane: usize,
    heads: Vec<PageHead>,
    events: Vec<u64>,
    sent: Sent,
}

/// A trace folder for programs.
pub(crate) struct Output {
    writer: TraceWriter,
    classes: [Option<StreamClassId>; 2],
    pub(crate) lanes: Lanes,
    pub(crate) contexts: EventContexts,
    /// What programs take themselves.
    pub(crate) sampled: SampledContexts,
    /// Where packets are put together.
    pub(crate) encoder: Encoder,
    /// The stream of state dumps.
    dumps: Option<DumpStream>,
    streams: Vec<Stream>,
    begin: u64,
    storage_error: Option<String>,
}

/// The file of state dumps: readers take it for one more stream.
pub(crate) const DUMP_STREAM: &str = "statedump_0";

/// The lane of state dumps, and the ids of their events.
#[derive(Clone, Copy)]
struct DumpStream {
    lane: usize,
    ids: [Option<u32>; DumpKind::ALL.len()],
}

/// A lane's stream, and how many of its events were lost.
struct Stream {
    id: StreamId,
    discarded: u64,
}

impl Output {
    /// Begins a trace folder; no event is older than `begin`, and each has these contexts.
    pub(crate) fn create(
        dir: &Path,
        identity: &TraceIdentity,
        begin: u64,
        contexts: &Contexts,
    ) -> Result<Self, SinkError> {
        let mut output = Self::over(TraceWriter::create(dir, identity)?, begin, contexts);
        if !contexts.is_empty() {
            // Whoever goes on after our death finds them in the metadata.
            output.class(Kind::Own)?;
            if !output.sampled.is_empty() {
                // Babeltrace 2 dies of a list or a variant in the context of no event at all.
                output.declare_dump_event(DumpKind::Start)?;
            }
            output.writer.flush_metadata()?;
        }
        Ok(output)
    }

    fn over(writer: TraceWriter, begin: u64, contexts: &Contexts) -> Self {
        Self {
            writer,
            classes: [None; 2],
            lanes: Lanes::default(),
            contexts: EventContexts::new(contexts.threads),
            sampled: SampledContexts::of(contexts),
            encoder: Encoder::default(),
            dumps: None,
            streams: Vec::new(),
            begin,
            storage_error: None,
        }
    }

    /// Goes on with the streams that a dead recorder left.
    pub(crate) fn going_on(writer: TraceWriter, found: &[FoundStream], begin: u64) -> Self {
        let contexts = Contexts::known(writer.program_contexts());
        let mut output = Self::over(writer, begin, &contexts);
        for stream in found {
            let user = match stream.last_context.is_empty() {
                _ if stream.file_name == DUMP_STREAM => User::Dumps,
                true => User::Everybody,
                false => User::Nobody,
            };
            output.lanes.add(user, stream.last_end.0);
            output.streams.push(Stream {
                id: stream.id,
                discarded: stream.discarded,
            });
        }
        output
    }

    /// The id of a program's site in streams of a kind; declares it at its first event.
    pub(crate) fn id_of(
        &mut self,
        kind: Kind,
        program: &mut Program,
        site: u16,
    ) -> Result<u32, SinkError> {
        if let Some(id) = program.id_of(kind, site) {
            return Ok(id);
        }
        let index = usize::from(site);
        let class = self.class(kind)?;
        let declared = &program.definitions.sites[index];
        let (name, level) = (&declared.name, Some(declared.level));
        let model_uri = declared.model_uri.as_deref();
        let payload = &declared.payload;
        let id = self
            .writer
            .modelled_event_class(class, name, level, model_uri, payload)?;
        program.ids[kind as usize][index] = Some(id);
        Ok(id)
    }

    fn class(&mut self, kind: Kind) -> Result<StreamClassId, SinkError> {
        if let Some(class) = self.classes[kind as usize] {
            return Ok(class);
        }
        let cpu = Member::new("cpu_id", FieldClass::uint(32));
        let contexts = self.contexts.set();
        let behind = [vec![cpu], self.sampled.members()].concat();
        let layout = match kind {
            Kind::Own => StreamLayout {
                header: HEADER,
                packet_context: PacketContext::program_members(),
                event_context: [contexts.members(), behind].concat(),
            },
            Kind::Shared => StreamLayout {
                header: HEADER,
                packet_context: Vec::new(),
                event_context: [contexts.with_thread().members(), behind].concat(),
            },
        };
        let class = self.writer.stream_class(&layout)?;
        self.classes[kind as usize] = Some(class);
        Ok(class)
    }

    /// The lane for packets of a thread whose first event is not before `begin`, or `None` if it
    /// shares.
    pub(crate) fn lane_for(
        &mut self,
        thread: ThreadKey,
        begin: u64,
        context: &[u8],
    ) -> Result<Option<usize>, SinkError> {
        let lane = match self.lanes.place(thread, begin) {
            Place::Shared => {
                self.lanes.share(thread);
                return Ok(None);
            }
            Place::Lane(lane) => lane,
            Place::New(lane) => {
                self.open(User::Nobody, context)?;
                lane
            }
        };
        self.lanes.take(lane, thread);
        Ok(Some(lane))
    }

    /// The shared lane for a packet that begins at `begin`, or `None` if all ended later.
    pub(crate) fn shared_lane(&mut self, begin: u64) -> Result<Option<usize>, SinkError> {
        match self.lanes.shared(begin) {
            Place::Shared => Ok(None),
            Place::Lane(lane) => Ok(Some(lane)),
            Place::New(lane) => {
                self.open(User::Everybody, &[])?;
                Ok(Some(lane))
            }
        }
    }

    fn open(&mut self, user: User, context: &[u8]) -> Result<(), SinkError> {
        let (kind, name) = match user {
            User::Everybody => (Kind::Shared, format!("channel0_{}", self.lanes.next())),
            User::Dumps => (Kind::Own, DUMP_STREAM.to_owned()),
            _ => (Kind::Own, format!("channel0_{}", self.lanes.next())),
        };
        let class = self.class(kind)?;
        let begin = Timestamp(self.begin);
        let id = self.writer.open_stream(class, &name, begin, context)?;
        self.streams.push(Stream { id, discarded: 0 });
        self.lanes.add(user, self.begin);
        Ok(())
    }

    /// Writes a packet. Events that the storage refuses are counted as lost in their stream.
    pub(crate) fn write(&mut self, lane: usize, content: &Content<'_>, ledger: &mut Ledger) {
        if content.begin < self.lanes.last_end(lane) {
            // Only a program that lies of its chunks' order comes here.
            return self.lose(lane, LossCause::AbiViolation, content.events, ledger);
        }
        let stream = &self.streams[lane];
        let head = PacketHead {
            begin: Timestamp(content.begin),
            end: Timestamp(content.end),
            discarded_total: stream.discarded,
            context: content.context,
        };
        match self.writer.write_packet(stream.id, &head, content.records) {
            Ok(()) => {
                self.lanes.ended(lane, content.end);
                ledger.record(content.events);
            }
            Err(error) => {
                self.fail(&error);
                self.lose(lane, LossCause::Storage, content.events, ledger);
            }
        }
    }

    /// Begins to write what the encoder has to a lane, which is nobody else's until that is
    /// [settled](Self::settle), as this is. Events that the storage refuses are counted as lost.
    pub(crate) fn send(
        &mut self,
        lane: usize,
        context: &[u8],
        ledger: &mut Ledger,
    ) -> Option<OnTheWay> {
        let Full {
            heads,
            events,
            pages,
        } = self.encoder.take()?;
        let stream = &self.streams[lane];
        let about = (context, stream.discarded);
        match self.writer.send_pages(stream.id, about, &heads, pages) {
            Ok(sent) => Some(OnTheWay {
                lane,
                heads,
                events,
                sent,
            }),
            Err(unsent) => {
                self.encoder.give_back(unsent.pages);
                self.fail(&unsent.error);
                self.lose(lane, LossCause::Storage, events.iter().sum(), ledger);
                None
            }
        }
    }

    /// Waits for what was sent.
    pub(crate) fn settle(&mut self, on_the_way: OnTheWay, ledger: &mut Ledger) {
        let OnTheWay {
            lane,
            heads,
            events,
            sent,
        } = on_the_way;
        let (whole, error, pages) = self.writer.settle(self.streams[lane].id, sent);
        self.encoder.give_back(pages);
        ledger.record(events[..whole].iter().sum());
        if let Some(last) = heads[..whole].last() {
            self.lanes.ended(lane, last.end.0);
        }
        if let Some(error) = error {
            self.fail(&error);
            self.lose(
                lane,
                LossCause::Storage,
                events[whole..].iter().sum(),
                ledger,
            );
        }
    }

    /// Writes a state dump, a packet a part; what is not written is counted as lost.
    pub(crate) fn write_dump(&mut self, dump: &Dump, ledger: &mut Ledger) {
        for part in &dump.parts {
            self.write_dump_part(&dump.values, part, ledger);
        }
    }

    fn write_dump_part(&mut self, main: &Values, part: &Part, ledger: &mut Ledger) {
        let Some((first, last)) = part.events.first().zip(part.events.last()) else {
            return;
        };
        let events = part.events.len() as u64;
        let context = PacketContext::program(main.vpid(), part.vtid, &part.name).encode();
        match self.encode_dump(main, part, &context) {
            Ok((lane, records)) => {
                // A clock that is not one everywhere could be behind by a little.
                let begin = first.time.max(self.lanes.last_end(lane));
                let content = Content {
                    begin,
                    end: last.time.max(begin),
                    events,
                    context: &context,
                    records: &records,
                };
                self.write(lane, &content, ledger);
            }
            Err(error) => {
                self.fail(&error);
                self.lose_somewhere(LossCause::Storage, events, ledger);
            }
        }
    }

    fn encode_dump(
        &mut self,
        main: &Values,
        part: &Part,
        context: &[u8],
    ) -> Result<(usize, Vec<u8>), SinkError> {
        let mut stream = match self.dumps {
            Some(stream) => stream,
            None => self.open_dumps(context)?,
        };
        let values = main.of_thread(part.vtid, &part.name);
        let event_context = values.encode(self.contexts.set());
        let unknown = self.sampled.nothing();
        let least = self.lanes.last_end(stream.lane);
        let mut out = Vec::new();
        let mut previous = part.events.first().map_or(0, |event| event.time.max(least));
        for event in &part.events {
            let id = match stream.ids[event.kind as usize] {
                Some(id) => id,
                None => self.declare_dump_event(event.kind)?,
            };
            stream.ids[event.kind as usize] = Some(id);
            let time = event.time.max(previous);
            HEADER.encode(id, Timestamp(time), Timestamp(previous), &mut out);
            out.extend_from_slice(&event_context);
            let (cpu, fields) = event.payload.split_at(CPU_LEN);
            out.extend_from_slice(cpu);
            out.extend_from_slice(&unknown);
            out.extend_from_slice(fields);
            previous = time;
        }
        let lane = stream.lane;
        self.dumps = Some(stream);
        Ok((lane, out))
    }

    fn open_dumps(&mut self, context: &[u8]) -> Result<DumpStream, SinkError> {
        let lane = self.lanes.next();
        self.open(User::Dumps, context)?;
        let ids = [None; DumpKind::ALL.len()];
        let stream = DumpStream { lane, ids };
        self.dumps = Some(stream);
        Ok(stream)
    }

    fn declare_dump_event(&mut self, kind: DumpKind) -> Result<u32, SinkError> {
        let class = self.class(Kind::Own)?;
        self.writer
            .event_class(class, kind.name(), Some(LEVEL), &kind.class())
    }

    /// A thread is gone, and nothing of it is left to be written.
    pub(crate) fn release(&mut self, thread: ThreadKey) {
        self.lanes.release(thread);
        self.contexts.forget(thread);
    }

    /// Counts events of a lane as lost; its next packet tells.
    pub(crate) fn lose(&mut self, lane: usize, cause: LossCause, events: u64, ledger: &mut Ledger) {
        let discarded = &mut self.streams[lane].discarded;
        *discarded = discarded.saturating_add(events);
        ledger.lose(cause, events);
    }

    /// Counts events that belong to no lane: the first one tells, if there is any.
    pub(crate) fn lose_somewhere(&mut self, cause: LossCause, events: u64, ledger: &mut Ledger) {
        let mut lane = self.lanes.first_of_threads();
        if lane.is_none() && events > 0 {
            let context = Emitter {
                vpid: -1,
                vtid: -1,
                procname: Vec::new(),
            }
            .encode();
            if let Err(error) = self.open(User::Nobody, &context) {
                self.fail(&error);
                return ledger.lose(cause, events);
            }
            lane = self.lanes.first_of_threads();
        }
        if let Some(lane) = lane {
            self.lose(lane, cause, events, ledger);
        }
    }

    /// Puts all counts of lost events on disk.
    pub(crate) fn tell_losses(&mut self, now: u64) {
        for (lane, stream) in self.streams.iter().enumerate() {
            if self
                .writer
                .discarded(stream.id)
                .is_some_and(|told| told < stream.discarded)
            {
                let at = Timestamp(now.max(self.lanes.last_end(lane)));
                if let Err(error) = self.writer.note_discarded(stream.id, stream.discarded, at) {
                    self.storage_error.get_or_insert_with(|| error.to_string());
                }
            }
        }
    }

    /// Remembers the first failure of the storage.
    pub(crate) fn fail(&mut self, error: &SinkError) {
        self.storage_error.get_or_insert_with(|| error.to_string());
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.bytes_written()
    }

    /// Ends the trace; the bytes that it has.
    pub(crate) fn close(mut self, now: u64) -> (u64, Option<String>) {
        self.tell_losses(now);
        let bytes = self.writer.bytes_written();
        match self.writer.close() {
            Ok(closed) => (closed.bytes, self.storage_error),
            Err(error) => (bytes, self.storage_error.or(Some(error.to_string()))),
        }
    }
}
