//! The dumps that were asked for, and the thread that takes them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use thalweg_abi::rules::{Rules, Verdict};

use super::events::{Dump, DumpKind, Events, LEVEL, Part};
use super::objects::Object;
use super::read::{main_thread, objects_of};
use crate::clock::SessionClock;
use crate::context::Values;
use crate::ledger::Ledger;
use crate::process::Process;
use crate::program::Program;
use crate::summary::SourceSummary;

/// Dumps that may be waited for at once: each holds a descriptor.
pub(crate) const MAX_ASKED: usize = 128;
/// Processes of which it is remembered what they had mapped.
const MAX_REMEMBERED: usize = 1 << 14;
/// Threads of a program that are told.
const MAX_THREADS: usize = 4096;

/// What the thread is told.
enum Order {
    /// A program's dump is wanted.
    Take(Ask),
    /// Everything is news again.
    Forget,
}

/// A program whose dump is wanted.
struct Ask {
    process: Process,
    vpid: i32,
    /// Its process, as no other one is called, and what runs in it.
    identity: (u64, u32),
    image: u64,
    procname: Vec<u8>,
    uid: u32,
    nonce: u64,
}

/// The state dumps of a recording.
pub(crate) struct StateDumps {
    taker: Option<Taker>,
    /// By nonce: what is known for the contexts of dumps that are not taken yet.
    asked: HashMap<u64, Option<Values>>,
    skipped: u64,
    /// What was written of them and lost.
    pub(crate) ledger: Ledger,
}

/// The thread's ends of two pipes.
struct Taker {
    orders: Sender<Order>,
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

    /// From here on programs tell all again, also what has not changed.
    pub(crate) fn forget(&self) {
        // A thread that is gone takes no dumps either: each is counted when it is asked for.
        let _ = self
            .taker
            .as_ref()
            .map(|taker| taker.orders.send(Order::Forget));
    }

    /// Whether one more may be asked for.
    pub(crate) fn has_room(&self) -> bool {
        self.asked.len() < MAX_ASKED
    }

    /// Asks for a program's dump, if any event of it is wanted; not for one that is on its way.
    pub(crate) fn ask(&mut self, program: &Program, uid: u32) {
        let Some(taker) = &self.taker else { return };
        if self.asked.contains_key(&program.nonce()) {
            return;
        }
        let ask = program.process.try_clone().map(|process| Ask {
            process,
            vpid: program.vpid(),
            identity: program.definitions.process(),
            image: program.definitions.head.image,
            procname: program.procname().to_vec(),
            uid,
            nonce: program.nonce(),
        });
        let ask = ask.ok().filter(|_| self.has_room());
        if ask.is_some_and(|ask| taker.orders.send(Order::Take(ask)).is_ok()) {
            self.asked.insert(program.nonce(), None);
        } else {
            self.skipped += 1;
        }
    }

    /// Says what is known of the main thread of a program whose dump was asked for.
    pub(crate) fn set_values(&mut self, nonce: u64, values: Values) {
        if let Some(asked) = self.asked.get_mut(&nonce) {
            *asked = Some(values);
        }
    }

    /// The next dump that is ready.
    pub(crate) fn take(&mut self) -> Option<Dump> {
        let dump = self.taker.as_ref()?.dumps.try_recv().ok()?;
        Some(self.with_values(dump))
    }

    /// The next dump, waited for until `end`: a file system that hangs must not hang us.
    pub(crate) fn wait(&mut self, end: Instant) -> Option<Dump> {
        let wait = end.saturating_duration_since(Instant::now());
        let taker = self.taker.as_ref().filter(|_| !self.asked.is_empty())?;
        let dump = taker.dumps.recv_timeout(wait).ok()?;
        Some(self.with_values(dump))
    }

    fn with_values(&mut self, mut dump: Dump) -> Dump {
        let known = self.asked.remove(&dump.nonce).flatten();
        dump.values = known.unwrap_or(dump.values);
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
    let (orders, given) = channel();
    let (taken, dumps) = channel();
    let work = move || {
        let mut seen = Seen::default();
        for order in given {
            match order {
                Order::Forget => seen = Seen::default(),
                Order::Take(ask) => {
                    if taken.send(take(&ask, &mut seen, &clock, wanted)).is_err() {
                        return;
                    }
                }
            }
        }
    };
    let builder = thread::Builder::new().name("thalweg-dump".to_owned());
    builder.spawn(work).ok()?;
    Some(Taker { orders, dumps })
}

/// What processes had mapped at their last dumps.
#[derive(Default)]
struct Seen {
    images: HashMap<(u64, u32), (u64, u64)>,
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
        let before = self.images.insert(ask.identity, now);
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
    let mut parts = threads(ask, &mut events);
    let objects = objects_of(&ask.process);
    for object in &objects {
        events.push_object(object);
    }
    events.push(DumpKind::End, |_| {});
    parts.push(Part::of_main(ask, events.take()));
    if !seen.is_news(ask, &objects) {
        parts.clear();
    }
    Dump {
        uid: ask.uid,
        nonce: ask.nonce,
        values: Values::new(ask.vpid, ask.vpid, &name, 0),
        parts,
    }
}

impl Part {
    fn of_main(ask: &Ask, events: Vec<super::events::DumpEvent>) -> Self {
        Self {
            vtid: ask.vpid,
            name: ask.procname.clone(),
            events,
        }
    }
}

/// The names of the other threads, each in a packet of its thread, behind what was said before; no
/// packet if there are none.
fn threads(ask: &Ask, events: &mut Events<'_>) -> Vec<Part> {
    let is_other = |(vtid, _): &(u32, Vec<u8>)| *vtid != ask.vpid.cast_unsigned();
    let mut others = ask.process.thread_names(MAX_THREADS);
    others.retain(is_other);
    if others.is_empty() || !events.wanted[DumpKind::Procname as usize] {
        return Vec::new();
    }
    let mut parts = vec![Part::of_main(ask, events.take())];
    for (vtid, name) in others {
        events.push_procname(&name);
        let (vtid, events) = (vtid.cast_signed(), events.take());
        parts.push(Part { vtid, name, events });
    }
    parts
}
