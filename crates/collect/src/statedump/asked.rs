//! The dumps that were asked for, and the thread that takes them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use thalweg_abi::rules::{Rules, Verdict};
use thalweg_ctf::write::PacketContext;

use super::events::{Dump, DumpKind, Events, LEVEL};
use super::objects::Object;
use super::read::{main_thread, objects_of};
use crate::clock::SessionClock;
use crate::ledger::Ledger;
use crate::process::Process;
use crate::program::Program;
use crate::summary::SourceSummary;

/// Dumps that may be waited for at once: each holds a descriptor.
const MAX_ASKED: usize = 128;
/// Processes of which it is remembered what they had mapped.
const MAX_REMEMBERED: usize = 1 << 14;

/// A program whose dump is wanted.
struct Ask {
    process: Process,
    vpid: i32,
    image: u64,
    procname: Vec<u8>,
    uid: u32,
    nonce: u64,
}

/// The state dumps of a recording.
pub(crate) struct StateDumps {
    taker: Option<Taker>,
    /// By nonce: the contexts of dumps that are not taken yet.
    asked: HashMap<u64, Vec<u8>>,
    skipped: u64,
    /// What was written of them and lost.
    pub(crate) ledger: Ledger,
}

/// The thread's ends of two pipes.
struct Taker {
    asks: Sender<Ask>,
    dumps: Receiver<Dump>,
}

impl StateDumps {
    /// Those of the events that the rules want; nothing is read if there is none.
    pub(crate) fn new(rules: &str, clock: SessionClock) -> Self {
        let rules = Rules::new(rules.as_bytes());
        // A filter is about what programs' events hold: here it lets nothing pass.
        let verdict = |kind: DumpKind| rules.verdict(kind.name().as_bytes(), LEVEL as u8);
        let wanted = DumpKind::ALL.map(|kind| verdict(kind) == Verdict::Wanted);
        // There before the first program: one may end soon after it has begun.
        let taker = wanted.contains(&true).then(|| start(clock, wanted));
        Self {
            taker: taker.flatten(),
            asked: HashMap::new(),
            skipped: 0,
            ledger: Ledger::default(),
        }
    }

    /// Asks for a program's dump, if any event of it is wanted.
    pub(crate) fn ask(&mut self, program: &Program, uid: u32) {
        let Some(taker) = &self.taker else { return };
        let ask = program.process.try_clone().map(|process| Ask {
            process,
            vpid: program.vpid(),
            image: program.definitions.head.image,
            procname: program.procname().to_vec(),
            uid,
            nonce: program.nonce(),
        });
        let has_room = self.asked.len() < MAX_ASKED;
        let ask = ask.ok().filter(|_| has_room);
        if ask.is_some_and(|ask| taker.asks.send(ask).is_ok()) {
            self.asked.insert(program.nonce(), Vec::new());
        } else {
            self.skipped += 1;
        }
    }

    /// Gives the events of a dump that was asked for their context.
    pub(crate) fn set_context(&mut self, nonce: u64, context: Vec<u8>) {
        if let Some(asked) = self.asked.get_mut(&nonce) {
            *asked = context;
        }
    }

    /// The next dump that is ready.
    pub(crate) fn take(&mut self) -> Option<Dump> {
        let dump = self.taker.as_ref()?.dumps.try_recv().ok()?;
        Some(self.with_context(dump))
    }

    /// The next dump, waited for until `end`: a file system that hangs must not hang us.
    pub(crate) fn wait(&mut self, end: Instant) -> Option<Dump> {
        let wait = end.saturating_duration_since(Instant::now());
        let taker = self.taker.as_ref().filter(|_| !self.asked.is_empty())?;
        let dump = taker.dumps.recv_timeout(wait).ok()?;
        Some(self.with_context(dump))
    }

    fn with_context(&mut self, mut dump: Dump) -> Dump {
        dump.event_context = self.asked.remove(&dump.nonce).unwrap_or_default();
        dump
    }

    /// What there is to say at the end: a source of its own, as these events are not the programs'.
    pub(crate) fn summarise(&self) -> (Option<SourceSummary>, Option<String>) {
        let source = SourceSummary {
            name: "state dump".to_owned(),
            events: self.ledger.recorded(),
            discarded: self.ledger.losses(),
        };
        let told = source.events > 0 || !source.discarded.is_empty();
        let missing = self.skipped + self.asked.len() as u64;
        let note = format!("the state dumps of {missing} programs could not be taken in time");
        (told.then_some(source), (missing > 0).then_some(note))
    }
}

/// The longest time that dumps are waited for at the end.
pub(crate) const LAST_DUMPS: Duration = Duration::from_secs(1);

/// Starts the thread; it ends when nobody asks any more.
fn start(clock: SessionClock, wanted: [bool; DumpKind::ALL.len()]) -> Option<Taker> {
    let (asks, asked) = channel::<Ask>();
    let (taken, dumps) = channel();
    let work = move || {
        let mut seen = Seen::default();
        for ask in asked {
            if taken.send(take(&ask, &mut seen, &clock, wanted)).is_err() {
                return;
            }
        }
    };
    let builder = thread::Builder::new().name("thalweg-dump".to_owned());
    builder.spawn(work).ok()?;
    Some(Taker { asks, dumps })
}

/// What processes had mapped at their last dumps.
#[derive(Default)]
struct Seen {
    images: HashMap<i32, (u64, u64)>,
}

impl Seen {
    /// Whether this is not what the process had at its last dump: a library with events of its own
    /// attaches as another program of the same process.
    fn is_news(&mut self, ask: &Ask, objects: &[Object]) -> bool {
        let mut hasher = DefaultHasher::new();
        for object in objects {
            (object.base, &object.path).hash(&mut hasher);
        }
        if self.images.len() >= MAX_REMEMBERED {
            self.images.clear();
        }
        let now = (ask.image, hasher.finish());
        let before = self.images.insert(ask.vpid, now);
        // One that has ended meanwhile has told all when its first library attached.
        let ended = objects.is_empty() && before.is_some_and(|(image, _)| image == ask.image);
        before != Some(now) && !ended
    }
}

fn take(
    ask: &Ask,
    seen: &mut Seen,
    clock: &SessionClock,
    wanted: [bool; DumpKind::ALL.len()],
) -> Dump {
    let main = main_thread(&ask.process, ask.vpid.cast_unsigned());
    let (name, cpu) = main.unwrap_or_else(|| (ask.procname.clone(), 0));
    let mut events = Events {
        cpu,
        now: &|| clock.now(),
        wanted,
        done: Vec::new(),
    };
    events.push(DumpKind::Start, |_| {});
    events.push_procname(&name);
    let objects = objects_of(&ask.process);
    for object in &objects {
        events.push_object(object);
    }
    events.push(DumpKind::End, |_| {});
    let context = PacketContext::program(ask.vpid, ask.vpid, &ask.procname);
    Dump {
        uid: ask.uid,
        nonce: ask.nonce,
        packet_context: context.encode(),
        event_context: Vec::new(),
        events: match seen.is_news(ask, &objects) {
            true => events.done,
            false => Vec::new(),
        },
    }
}
