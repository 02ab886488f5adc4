//! The thread that takes the dump, and what it hands over.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::events::{StateEvent, StateKind};
use super::namespaces::UserMaps;
use super::process::{self, inode_of, numbered};
use super::system;
use super::wanted::WantedState;
use crate::clock::SessionClock;

/// How long a dump may take: 10,000 processes take less.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// So many batches may wait to be written; a thread that has more waits.
const BATCHES: usize = 64;
/// Bytes of events in a batch, or a little more.
const BATCH_LEN: usize = 32 << 10;

/// What the thread hands over.
#[derive(Debug)]
pub(crate) enum Batch {
    /// Events, in the order of their times.
    Events(Vec<StateEvent>),
    /// Processes that there was no time for, or not for all of them.
    Left(u64),
}

/// What there is of a dump that is being taken.
#[derive(Debug)]
pub(crate) enum Ready {
    Batch(Batch),
    NotYet,
    Over,
}

/// A dump that is being taken.
pub(crate) struct Taker {
    batches: Receiver<Batch>,
}

impl Taker {
    /// Begins one; `None` if there can be no thread for it.
    pub(crate) fn begin(clock: SessionClock, wanted: WantedState) -> Option<Self> {
        let (to, batches) = sync_channel(BATCHES);
        let work = move || take(&to, &clock, wanted, Instant::now() + PATIENCE);
        let builder = thread::Builder::new().name("thalweg-state".to_owned());
        builder.spawn(work).ok()?;
        Some(Self { batches })
    }

    /// What is ready, without a wait.
    pub(crate) fn ready(&self) -> Ready {
        match self.batches.try_recv() {
            Ok(batch) => Ready::Batch(batch),
            Err(TryRecvError::Empty) => Ready::NotYet,
            Err(TryRecvError::Disconnected) => Ready::Over,
        }
    }

    /// What comes next, waited for until `end`.
    pub(crate) fn next(&self, end: Instant) -> Option<Batch> {
        let wait = end.saturating_duration_since(Instant::now());
        self.batches
            .recv_timeout(wait.max(Duration::from_millis(1)))
            .ok()
    }
}

/// A dump in the making.
pub(super) struct Dump<'a> {
    to: &'a SyncSender<Batch>,
    clock: &'a SessionClock,
    events: Vec<StateEvent>,
    bytes: usize,
    wanted: WantedState,
    own_user_namespace: u32,
    user_maps: UserMaps,
    /// Threads that interrupts run in: number and name.
    interrupt_threads: Vec<(i32, Vec<u8>)>,
    /// When there is no time left.
    end: Instant,
    /// Nobody wants it any more.
    is_over: bool,
}

impl<'a> Dump<'a> {
    fn new(
        to: &'a SyncSender<Batch>,
        clock: &'a SessionClock,
        wanted: WantedState,
        end: Instant,
    ) -> Self {
        Self {
            to,
            clock,
            events: Vec::new(),
            bytes: 0,
            wanted,
            own_user_namespace: inode_of(Path::new("/proc/self"), "user").unwrap_or(0),
            user_maps: UserMaps::default(),
            interrupt_threads: Vec::new(),
            end,
            is_over: false,
        }
    }
}

impl Dump<'_> {
    /// An event; `fields` appends its fields.
    pub(super) fn push(&mut self, kind: StateKind, fields: impl FnOnce(&mut Vec<u8>)) {
        if !self.wanted.has(kind) {
            return;
        }
        let mut payload = Vec::new();
        fields(&mut payload);
        self.bytes += payload.len();
        let time = self.clock.now();
        self.events.push(StateEvent {
            kind,
            time,
            payload,
        });
        if self.bytes >= BATCH_LEN {
            self.hand_over();
        }
    }

    /// Whether events of this kind are told.
    pub(super) fn wants(&self, kind: StateKind) -> bool {
        self.wanted.has(kind)
    }

    /// Whether no more is to be told: of a process with a million descriptors, either.
    pub(super) fn is_late(&self) -> bool {
        self.is_over || Instant::now() >= self.end
    }

    /// The inode number of the namespace in which this process has its users.
    pub(super) fn own_user_namespace(&self) -> u32 {
        self.own_user_namespace
    }

    pub(super) fn user_maps(&mut self) -> &mut UserMaps {
        &mut self.user_maps
    }

    /// Takes note of a kernel thread, if it is an interrupt's.
    pub(super) fn note_interrupt_thread(&mut self, tid: i32, name: &[u8]) {
        if name.starts_with(b"irq/") {
            self.interrupt_threads.push((tid, name.to_vec()));
        }
    }

    /// The threads that were noted.
    pub(super) fn take_interrupt_threads(&mut self) -> Vec<(i32, Vec<u8>)> {
        std::mem::take(&mut self.interrupt_threads)
    }

    fn hand_over(&mut self) {
        self.bytes = 0;
        let events = std::mem::take(&mut self.events);
        self.is_over |= self.to.send(Batch::Events(events)).is_err();
    }
}

fn take(to: &SyncSender<Batch>, clock: &SessionClock, wanted: WantedState, end: Instant) {
    let mut dump = Dump::new(to, clock, wanted, end);
    dump.push(StateKind::Start, |_| ());
    let mut left = 0;
    for pid in numbered(Path::new("/proc")) {
        if dump.is_over {
            return;
        }
        left += u64::from(!process::tell(&mut dump, pid));
    }
    system::tell_interfaces(&mut dump);
    system::tell_disks(&mut dump);
    system::tell_interrupts(&mut dump);
    system::tell_processors(&mut dump);
    dump.push(StateKind::End, |_| ());
    dump.hand_over();
    if left > 0 {
        let _ = to.send(Batch::Left(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_time_for_is_left_and_told() {
        let (to, batches) = sync_channel(BATCHES);
        let clock = SessionClock::choose();
        let own = std::process::id().cast_signed();
        let mut late = Dump::new(&to, &clock, WantedState::default(), Instant::now());
        assert!(!process::tell(&mut late, own));
        assert_eq!(late.events, [], "not even its first thread");
        let end = Instant::now() + PATIENCE;
        let mut dump = Dump::new(&to, &clock, WantedState::default(), end);
        assert!(process::tell(&mut dump, own));
        assert_ne!(dump.events, []);
        take(&to, &clock, WantedState::default(), Instant::now());
        drop(to);
        let left = batches.iter().find_map(|batch| match batch {
            Batch::Left(left) => Some(left),
            Batch::Events(_) => None,
        });
        assert!(left > Some(0));
    }
}
