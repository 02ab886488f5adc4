//! One stream: its files' packets in the order of time, one message ahead.
//!
//! ```text
//!   StreamBegin ( Lost? PacketBegin Event* Lost? PacketEnd )* StreamEnd
//!                gap                  │    discarded
//!                                     └─ fault ─▶ Err, Lost, PacketEnd
//! ```

use std::collections::VecDeque;
use std::path::PathBuf;

use thalweg_ctf::read::{Cursor, Halt, PacketHead};
use thalweg_model::{LossCause, Lost, Message, Packet, Timestamp};

use crate::error::Error;
use crate::file::StreamFile;
use crate::loss::{Counters, Missing};
use crate::merge::Item;
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
    /// The rest of the packet cannot be read, and its loss is not told yet.
    Broken,
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
    /// The next event, if it is the next message.
    event: Option<Option<Timestamp>>,
    /// Whether the next event did not fit in the window.
    careful: bool,
    next: VecDeque<(Next, Option<Timestamp>)>,
    /// The time of the message that came last.
    last_ns: i64,
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
            event: None,
            careful: false,
            next: VecDeque::new(),
            last_ns: i64::MIN,
        }
    }

    /// Finds out what comes next, and says when that is: `None` after the end.
    pub(crate) fn peek(&mut self, traces: &[Trace]) -> Option<i64> {
        while self.event.is_none() && self.next.is_empty() && self.state != State::End {
            self.look_ahead(traces);
        }
        let at = match &self.event {
            Some(at) => at,
            None => &self.next.front()?.1,
        };
        if let (Some(scale), Some(at)) = (self.scale, at) {
            self.last_ns = scale.epoch_ns(*at);
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
            State::InPacket => self.look_for_event(traces),
            State::AfterPacket => {
                self.state = State::BeforePacket;
                self.pass_packet(traces);
            }
            State::Broken => self.after_fault(),
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
        }
        self.current = chosen;
        self.head = head;
        self.scale = traces[self.files[chosen].trace].scale(head.stream);
        true
    }

    fn enter_packet(&mut self, traces: &[Trace]) {
        let file = &self.files[self.current];
        let entered = file.enter(&traces[file.trace], &mut self.cursor, &mut self.window);
        self.missing = self.counters.advance(&self.head);
        if let Some(lost) = self.missing.packets {
            self.push(Next::Lost(lost), self.head.begin);
        }
        self.push(Next::PacketBegin, self.head.begin);
        self.state = State::InPacket;
        if let Err(error) = entered {
            self.fault(error);
        }
    }

    fn look_for_event(&mut self, traces: &[Trace]) {
        match self.find_event(traces) {
            Ok(Some(at)) => self.event = Some(at),
            Ok(None) => self.end_packet(),
            Err(error) => self.fault(error),
        }
    }

    fn end_packet(&mut self) {
        // An end before the last event is an error of the tracer's, and no reason to go back.
        let end = self.head.end.filter(|end| *end >= self.cursor.clock());
        if let Some(lost) = self.missing.events.take() {
            self.push(Next::Lost(lost), end);
        }
        self.push(Next::PacketEnd, end);
        self.state = State::AfterPacket;
    }

    fn fault(&mut self, error: Error) {
        self.push(Next::Fault(error), None);
        self.after_fault();
    }

    fn after_fault(&mut self) {
        let lost = Lost {
            count: None,
            cause: LossCause::Unreadable,
            until: self.head.end,
        };
        self.push(Next::Lost(lost), None);
        self.end_packet();
    }

    /// Reads the next event's header and makes sure that the window shows all of the event.
    fn find_event(&mut self, traces: &[Trace]) -> Result<Option<Option<Timestamp>>, Error> {
        let file = &self.files[self.current];
        let decoder = traces[file.trace].decoder();
        loop {
            let window = self.window.of_packet(file.at);
            let found = decoder
                .peek_event(&mut self.cursor, window)
                .and_then(|found| {
                    if found.is_some() && self.careful {
                        decoder.measure_event(&mut self.cursor, window)?;
                    }
                    Ok(found)
                });
            match found {
                Ok(found) => {
                    self.careful = false;
                    return Ok(found);
                }
                Err(Halt::NeedMore) => {
                    self.window
                        .slide(file.source(), file.at + self.cursor.from_bytes())?;
                }
                Err(Halt::Broken(error)) => {
                    return Err(Error::in_packet(&file.path, file.at, *error));
                }
            }
        }
    }

    fn pass_packet(&mut self, traces: &[Trace]) {
        let file = &mut self.files[self.current];
        file.pass(&self.head);
        if let Err(error) = file.read_head(&traces[file.trace], &mut self.window) {
            self.push(Next::Fault(error), None);
        }
    }

    /// The message that [`peek`](Self::peek) found.
    #[inline]
    pub(crate) fn take<'a>(
        &'a mut self,
        traces: &'a [Trace],
        stream: usize,
    ) -> Result<Item<'a>, Error> {
        let (trace, stream_class) = (self.files[self.current].trace, self.head.stream);
        let (message, at) = match self.event.take() {
            Some(at) => (self.take_event(&traces[trace], at)?, at),
            None => self.take_other(&traces[trace])?,
        };
        let at_ns = at.and_then(|at| Some(traces[trace].scale(stream_class)?.epoch_ns(at)));
        Ok(Item {
            trace,
            stream,
            stream_class,
            at_ns,
            message,
        })
    }

    #[inline]
    fn take_event<'a>(
        &'a mut self,
        trace: &'a Trace,
        at: Option<Timestamp>,
    ) -> Result<Message<'a>, Error> {
        let file = &self.files[self.current];
        let window = self.window.of_packet(file.at);
        match trace.decoder().take_event(&mut self.cursor, window) {
            Ok(Some(event)) => Ok(Message::Event(event)),
            Ok(None) => Ok(Message::Idle(at.unwrap_or_default())),
            // The event goes beyond the window, which is in use here: it comes at the next call.
            Err(Halt::NeedMore) => {
                self.careful = true;
                Ok(Message::Idle(at.unwrap_or_default()))
            }
            Err(Halt::Broken(error)) => {
                let error = Error::in_packet(&file.path, file.at, *error);
                self.state = State::Broken;
                Err(error)
            }
        }
    }

    fn take_other<'a>(
        &'a mut self,
        trace: &'a Trace,
    ) -> Result<(Message<'a>, Option<Timestamp>), Error> {
        let (next, at) = self.next.pop_front().unwrap_or((Next::StreamEnd, None));
        let message = match next {
            Next::StreamBegin => Message::StreamBegin,
            Next::Lost(lost) => Message::Lost(lost),
            Next::PacketBegin => {
                let file = &self.files[self.current];
                let window = self.window.of_packet(file.at);
                let context = file.context(trace.decoder(), window);
                Message::PacketBegin(Packet {
                    at: self.head.begin,
                    context,
                })
            }
            Next::Fault(error) => return Err(error),
            Next::PacketEnd => Message::PacketEnd(Packet {
                at: self.head.end,
                context: None,
            }),
            Next::StreamEnd => Message::StreamEnd,
        };
        Ok((message, at))
    }
}
