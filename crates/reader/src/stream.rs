//! One stream: its files' packets in the order of time, one message ahead.
//!
//! ```text
//!   StreamBegin ( Lost? PacketBegin Event* Lost? PacketEnd )* StreamEnd
//!                gap                  │    discarded
//!                                     └─ fault ─▶ Err, Lost, PacketEnd
//! ```

use std::collections::VecDeque;
use std::path::PathBuf;

use thalweg_ctf::read::{Batch, Cursor, Halt, PacketHead, Window as Part};
use thalweg_model::{LossCause, Lost, Message, Packet, Timestamp};

use crate::error::Error;
use crate::file::StreamFile;
use crate::loss::{Counters, Missing};
use crate::merge::Item;
use crate::seek::Seek;
use crate::time::TimeScale;
use crate::trace::Trace;
use crate::window::Window;

/// What is known of a stream beside its messages.
#[derive(Clone, Debug)]
pub struct StreamInfo {
    /// The index of the trace that its first file belongs to.
    pub trace: usize,
    /// The index of its class in that trace.
    pub class: usize,
    /// Its number within its class, if its packets have one.
    pub instance_id: Option<u64>,
    /// Its first file.
    pub path: PathBuf,
}

/// What comes next.
#[derive(Debug)]
enum Next {
    StreamBegin,
    Lost(Lost),
    PacketBegin,
    Fault(Error),
    PacketEnd,
    StreamEnd,
}

/// Where the stream is in its own grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    BeforePacket,
    InPacket,
    /// The packet is over, and the next one is not looked for yet.
    AfterPacket,
    End,
}

/// A stream that is being read.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) info: StreamInfo,
    files: Vec<StreamFile>,
    /// The file that the current packet is in.
    current: usize,
    head: PacketHead,
    scale: Option<TimeScale>,
    window: Window,
    cursor: Cursor,
    counters: Counters,
    missing: Missing,
    state: State,
    /// Whether the cursor is at the first event of the current file's packet.
    entered: bool,
    /// Events that were read. Those from `taken` on are the next messages: there are no others before
    /// all of them are taken.
    batch: Batch,
    taken: usize,
    /// When they happened: for events without a clock, when the message before did.
    times_ns: Vec<i64>,
    /// Events before this time are not told.
    begin_ns: i64,
    /// The bytes up to the packet's first event, for those who ask for its context at an event.
    head_bytes: Vec<u8>,
    next: VecDeque<(Next, Option<Timestamp>)>,
    /// The time of the message that came last.
    last_ns: i64,
}

/// Moves a file to its first packet that does not end before a time, and gives the head before that.
fn forward(
    file: &mut StreamFile,
    begin_ns: i64,
    traces: &[Trace],
    warnings: &mut Vec<Error>,
) -> Result<Option<PacketHead>, Error> {
    let trace = &traces[file.trace];
    let scale = file.head.and_then(|head| trace.scale(head.stream));
    let Some(scale) = scale else { return Ok(None) };
    let mut seek = Seek {
        trace,
        scale,
        begin_ns,
        window: Window::new(usize::MAX),
        cursor: Cursor::default(),
        warnings,
    };
    seek.forward(file)
}

impl Stream {
    /// A stream of files whose first heads were read.
    pub(crate) fn new(info: StreamInfo, files: Vec<StreamFile>, window: Window) -> Self {
        Self {
            info,
            files,
            current: 0,
            head: PacketHead::default(),
            scale: None,
            window,
            cursor: Cursor::default(),
            counters: Counters::default(),
            missing: Missing::default(),
            state: State::Begin,
            entered: false,
            batch: Batch::default(),
            taken: 0,
            times_ns: Vec::new(),
            begin_ns: i64::MIN,
            head_bytes: Vec::new(),
            next: VecDeque::new(),
            last_ns: i64::MIN,
        }
    }

    /// Passes over packets that end before this time, and over events that happen before it.
    pub(crate) fn seek(
        &mut self,
        begin_ns: i64,
        traces: &[Trace],
        warnings: &mut Vec<Error>,
    ) -> Result<(), Error> {
        self.begin_ns = begin_ns;
        let mut before: Option<PacketHead> = None;
        for file in &mut self.files {
            let passed = forward(file, begin_ns, traces, warnings)?;
            before = before
                .into_iter()
                .chain(passed)
                .max_by_key(|head| head.begin);
        }
        if let Some(before) = before {
            self.counters.advance(&before);
        }
        self.entered = false;
        self.window.clear();
        Ok(())
    }

    /// When the first packet of a stream that was not read begins.
    pub(crate) fn begin_ns(&self, traces: &[Trace]) -> Option<i64> {
        let scale = traces[self.info.trace].scale(self.info.class)?;
        let begins = self.files.iter().filter_map(|file| file.head?.begin);
        begins.min().map(|begin| scale.epoch_ns(begin))
    }

    /// When the last packet of a stream that was not read ends.
    pub(crate) fn end_ns(&self, traces: &[Trace]) -> Option<i64> {
        let scale = traces[self.info.trace].scale(self.info.class)?;
        let last = |file: &StreamFile| {
            let mut file = file.clone();
            forward(&mut file, i64::MAX, traces, &mut Vec::new()).ok()?
        };
        let ends = self.files.iter().filter_map(|file| last(file)?.end);
        ends.max().map(|end| scale.epoch_ns(end))
    }

    /// Whether the next message is an event that does not pass its trace's filter.
    pub(crate) fn is_refused(&self, traces: &[Trace]) -> bool {
        let file = &self.files[self.current];
        let Some(predicate) = traces[file.trace].predicate() else {
            return false;
        };
        let event = self.batch.event(self.taken, self.window.of_packet(file.at));
        let head = Part {
            bytes: &self.head_bytes,
            begin_bytes: 0,
        };
        event.is_some_and(|event| !predicate.passes(&event, self.cursor.context(head)))
    }

    /// Passes over the next message, an event.
    pub(crate) fn pass_event(&mut self) {
        self.taken += 1;
    }

    /// When the next message happens, if it is an event that was read.
    #[inline]
    pub(crate) fn event_ns(&self) -> Option<i64> {
        self.times_ns.get(self.taken).copied()
    }

    /// Finds out what comes next, and says when that is: `None` after the end.
    pub(crate) fn peek(&mut self, traces: &[Trace]) -> Option<i64> {
        while self.event_ns().is_none() && self.next.is_empty() && self.state != State::End {
            self.look_ahead(traces);
        }
        if let Some(at_ns) = self.event_ns() {
            self.last_ns = at_ns;
        } else if let (Some(scale), Some(at)) = (self.scale, self.next.front()?.1) {
            self.last_ns = scale.epoch_ns(at);
        }
        Some(self.last_ns)
    }

    fn push(&mut self, next: Next, at: Option<Timestamp>) {
        self.next.push_back((next, at));
    }

    fn look_ahead(&mut self, traces: &[Trace]) {
        match self.state {
            State::Begin => {
                self.state = State::BeforePacket;
                self.choose_file(traces);
                self.push(Next::StreamBegin, self.head.begin);
            }
            State::BeforePacket => {
                if self.choose_file(traces) {
                    self.enter_packet(traces);
                } else {
                    self.state = State::End;
                    self.push(Next::StreamEnd, None);
                }
            }
            State::InPacket => self.look_for_events(traces),
            State::AfterPacket => {
                self.state = State::BeforePacket;
                self.pass_packet(traces);
            }
            State::End => {}
        }
    }

    /// The file whose next packet is the earliest becomes the current one; `false` if there is none.
    fn choose_file(&mut self, traces: &[Trace]) -> bool {
        let heads = self
            .files
            .iter()
            .enumerate()
            .filter_map(|(index, file)| Some((file.head?, index)));
        let Some((head, chosen)) = heads.min_by_key(|(head, index)| (head.begin, *index)) else {
            return false;
        };
        if chosen != self.current {
            self.window.clear();
            self.entered = false;
        }
        self.current = chosen;
        self.head = head;
        self.scale = traces[self.files[chosen].trace].scale(head.stream);
        true
    }

    fn enter_packet(&mut self, traces: &[Trace]) {
        let entered = if self.entered {
            Ok(())
        } else {
            self.enter(traces)
        };
        self.missing = self.counters.advance(&self.head);
        if let Some(lost) = self
            .missing
            .packets
            .filter(|_| self.is_asked_for(self.head.begin))
        {
            self.push(Next::Lost(lost), self.head.begin);
        }
        self.push(Next::PacketBegin, self.head.begin);
        self.keep_head(traces);
        self.state = State::InPacket;
        if let Err(error) = entered {
            self.fault(error);
        }
    }

    fn keep_head(&mut self, traces: &[Trace]) {
        let file = &self.files[self.current];
        if traces[file.trace].predicate().is_some() {
            let bytes = self.window.of_packet(file.at).bytes;
            let length = (self.head.head_bits.div_ceil(8) as usize).min(bytes.len());
            self.head_bytes.clear();
            self.head_bytes.extend_from_slice(&bytes[..length]);
        }
    }

    /// Reads the head of the current file's packet, if there is one, and goes to its first event.
    fn enter(&mut self, traces: &[Trace]) -> Result<(), Error> {
        let file = &mut self.files[self.current];
        let trace = &traces[file.trace];
        self.entered = true;
        file.enter(trace, &mut self.cursor, &mut self.window)
    }

    fn look_for_events(&mut self, traces: &[Trace]) {
        self.taken = 0;
        self.times_ns.clear();
        match self.read_events(traces) {
            Ok(()) if self.batch.is_empty() => self.end_packet(),
            Ok(()) => self.set_times(),
            Err(error) => self.fault(error),
        }
    }

    fn set_times(&mut self) {
        let (scale, last_ns) = (self.scale, self.last_ns);
        let ns = |at: Option<Timestamp>| match (scale, at) {
            (Some(scale), Some(at)) => scale.epoch_ns(at),
            _ => last_ns,
        };
        self.times_ns.extend(self.batch.times().map(ns));
        let first = self.times_ns.iter().position(|ns| *ns >= self.begin_ns);
        self.taken = first.unwrap_or(self.times_ns.len());
    }

    fn is_asked_for(&self, at: Option<Timestamp>) -> bool {
        let ns = self.scale.zip(at).map(|(scale, at)| scale.epoch_ns(at));
        ns.is_none_or(|ns| ns >= self.begin_ns)
    }

    fn end_packet(&mut self) {
        // An end before the last event is an error of the tracer's, and no reason to go back.
        let end = self.head.end.filter(|end| *end >= self.cursor.clock());
        let missing = self.missing.events.take();
        if let Some(lost) = missing.filter(|_| self.is_asked_for(end)) {
            self.push(Next::Lost(lost), end);
        }
        self.push(Next::PacketEnd, end);
        self.state = State::AfterPacket;
    }

    fn fault(&mut self, error: Error) {
        self.push(Next::Fault(error), None);
        let lost = Lost {
            count: None,
            cause: LossCause::Unreadable,
            until: self.head.end,
        };
        self.push(Next::Lost(lost), None);
        self.end_packet();
    }

    fn read_events(&mut self, traces: &[Trace]) -> Result<(), Error> {
        let file = &self.files[self.current];
        let trace = &traces[file.trace];
        let (cursor, batch) = (&mut self.cursor, &mut self.batch);
        loop {
            let window = self.window.of_packet(file.at);
            match trace
                .decoder()
                .read_events(cursor, window, trace.wanted(), batch)
            {
                Ok(()) => return Ok(()),
                Err(Halt::NeedMore) => {
                    let from = file.at + cursor.from_bytes();
                    self.window.slide(file.source(), from)?;
                }
                Err(Halt::Broken(error)) => {
                    return Err(Error::in_packet(&file.path, file.at, *error));
                }
            }
        }
    }

    fn pass_packet(&mut self, traces: &[Trace]) {
        self.files[self.current].pass(&self.head);
        if let Err(error) = self.enter(traces) {
            self.push(Next::Fault(error), None);
        }
    }

    /// The message that [`peek`](Self::peek) or [`event_ns`](Self::event_ns) found.
    #[inline]
    pub(crate) fn take(&mut self, stream: usize) -> Result<Item<'_>, Error> {
        let Some(at_ns) = self.event_ns() else {
            return self.take_other(stream);
        };
        self.taken += 1;
        let file = &self.files[self.current];
        let event = self
            .batch
            .event(self.taken - 1, self.window.of_packet(file.at));
        Ok(Item {
            trace: file.trace,
            stream,
            stream_class: self.head.stream,
            at_ns: self.scale.map(|_| at_ns),
            message: event.map_or(Message::StreamEnd, Message::Event),
        })
    }

    fn take_other(&mut self, stream: usize) -> Result<Item<'_>, Error> {
        let (next, at) = self.next.pop_front().unwrap_or((Next::StreamEnd, None));
        let file = &self.files[self.current];
        Ok(Item {
            trace: file.trace,
            stream,
            stream_class: self.head.stream,
            // What was looked at last is what is taken now.
            at_ns: at.and(self.scale).map(|_| self.last_ns),
            message: self.message(next, self.window.of_packet(file.at))?,
        })
    }

    fn message<'a>(&'a self, next: Next, window: Part<'a>) -> Result<Message<'a>, Error> {
        Ok(match next {
            Next::StreamBegin => Message::StreamBegin,
            Next::Lost(lost) => Message::Lost(lost),
            Next::PacketBegin => Message::PacketBegin(Packet {
                at: self.head.begin,
                context: self.cursor.context(window),
            }),
            Next::Fault(error) => return Err(error),
            Next::PacketEnd => Message::PacketEnd(Packet {
                at: self.head.end,
                context: None,
            }),
            Next::StreamEnd => Message::StreamEnd,
        })
    }
}
