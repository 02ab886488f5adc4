//! Where one user's programs are recorded to: a trace folder, its lanes, its event classes.

use std::path::Path;

use thalweg_ctf::write::{PacketContext, StreamLayout};
use thalweg_model::{FieldClass, LossCause, Member, Timestamp};

use crate::lanes::{Lanes, Place, User};
use crate::ledger::Ledger;
use crate::program::{HEADER, Program, ThreadKey};
use crate::sink::{
    FoundStream, PacketHead, SinkError, StreamClassId, StreamId, TraceIdentity, TraceWriter,
};

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

/// A trace folder for programs.
pub(crate) struct Output {
    writer: TraceWriter,
    classes: [Option<StreamClassId>; 2],
    pub(crate) lanes: Lanes,
    streams: Vec<Stream>,
    begin: u64,
    storage_error: Option<String>,
}

/// A lane's stream, and how many of its events were lost.
struct Stream {
    id: StreamId,
    discarded: u64,
}

impl Output {
    /// Begins a trace folder; no event is older than `begin`.
    pub(crate) fn create(
        dir: &Path,
        identity: &TraceIdentity,
        begin: u64,
    ) -> Result<Self, SinkError> {
        Ok(Self::over(TraceWriter::create(dir, identity)?, begin))
    }

    fn over(writer: TraceWriter, begin: u64) -> Self {
        Self {
            writer,
            classes: [None; 2],
            lanes: Lanes::default(),
            streams: Vec::new(),
            begin,
            storage_error: None,
        }
    }

    /// Goes on with the streams that a dead recorder left.
    pub(crate) fn going_on(writer: TraceWriter, found: &[FoundStream], begin: u64) -> Self {
        let mut output = Self::over(writer, begin);
        for stream in found {
            let shared = stream.last_context.is_empty();
            let user = if shared {
                User::Everybody
            } else {
                User::Nobody
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
        let index = usize::from(site);
        if let Some(id) = program.ids[kind as usize][index] {
            return Ok(id);
        }
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
        let layout = match kind {
            Kind::Own => StreamLayout {
                header: HEADER,
                packet_context: PacketContext::program_members(),
                event_context: vec![cpu],
            },
            Kind::Shared => StreamLayout {
                header: HEADER,
                packet_context: Vec::new(),
                event_context: [PacketContext::program_members(), vec![cpu]].concat(),
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
                self.open(Kind::Own, context)?;
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
                self.open(Kind::Shared, &[])?;
                Ok(Some(lane))
            }
        }
    }

    fn open(&mut self, kind: Kind, context: &[u8]) -> Result<(), SinkError> {
        let class = self.class(kind)?;
        let name = format!("channel0_{}", self.lanes.next());
        let begin = Timestamp(self.begin);
        let id = self.writer.open_stream(class, &name, begin, context)?;
        self.streams.push(Stream { id, discarded: 0 });
        let user = if kind == Kind::Own {
            User::Nobody
        } else {
            User::Everybody
        };
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

    /// Counts events of a lane as lost; its next packet tells.
    pub(crate) fn lose(&mut self, lane: usize, cause: LossCause, events: u64, ledger: &mut Ledger) {
        self.streams[lane].discarded += events;
        ledger.lose(cause, events);
    }

    /// Counts events that belong to no lane: the first one tells, if there is any.
    pub(crate) fn lose_somewhere(&mut self, cause: LossCause, events: u64, ledger: &mut Ledger) {
        if self.streams.is_empty() && events > 0 {
            let context = Emitter {
                vpid: -1,
                vtid: -1,
                procname: Vec::new(),
            }
            .encode();
            if let Err(error) = self.open(Kind::Own, &context) {
                self.fail(&error);
                return ledger.lose(cause, events);
            }
        }
        if events > 0 {
            self.lose(0, cause, events, ledger);
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
