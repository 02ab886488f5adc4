//! The pulse: how threads that wait for room know that the collector is alive.
//!
//! ```text
//!   thread: no room ─ WAITING=1, wake ─▶ pulse: beats every 10 ms while anybody waits
//!      ▲                                   │
//!      └── PULSE is not what it was ◀──────┘       no beat for 90 ms: nobody is there any more
//! ```
//!
//! A thread of its own: the collector may be held up by a slow disk for longer than threads shall
//! wait for a dead one. It sleeps while nobody waits.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thalweg_abi::slot::{PULSE, WAITING};
use thalweg_sys::{MAX_FUTEXES, futex_wait_any, futex_wake};

use crate::program::Memory;

/// From one beat to the next.
const BEAT: Duration = Duration::from_millis(10);
/// The niceness of a thread that does next to nothing, but in time.
const URGENT: i32 = -15;
/// How long to sleep while nobody waits.
const SLEEP: Duration = Duration::from_secs(60);

/// The rings that have a pulse, and their thread.
pub(crate) struct Pulse {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    rings: Mutex<Vec<(Weak<Memory>, usize)>>,
    /// A futex: changes with the list.
    changes: AtomicU64,
    over: AtomicU64,
}

impl Pulse {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = {
            let shared = Arc::clone(&shared);
            let name = "thalweg-pulse".to_owned();
            thread::Builder::new()
                .name(name)
                .spawn(move || shared.run())?
        };
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Gives a program's ring a pulse.
    pub(crate) fn add(&self, memory: &Arc<Memory>, slot: usize) {
        let rings = self.shared.rings.lock();
        let mut rings = rings.unwrap_or_else(PoisonError::into_inner);
        rings.push((Arc::downgrade(memory), slot));
        drop(rings);
        self.shared.announce();
    }
}

impl Shared {
    fn announce(&self) {
        self.changes.fetch_add(1, Release);
        futex_wake(&self.changes);
    }

    fn run(&self) {
        // On a busy machine it must not be late; this is this thread's alone, and root's to say.
        let _ = rustix::process::setpriority_process(None, URGENT);
        while self.over.load(Relaxed) == 0 {
            let seen = self.changes.load(Acquire) as u32;
            let rings = self.rings();
            if beat(&rings) {
                thread::sleep(BEAT);
            } else {
                self.sleep(&rings, seen);
            }
        }
    }

    /// The rings that there are yet.
    fn rings(&self) -> Vec<(Arc<Memory>, usize)> {
        let rings = self.rings.lock();
        let mut rings = rings.unwrap_or_else(PoisonError::into_inner);
        rings.retain(|(memory, _)| memory.strong_count() > 0);
        let alive = |(memory, slot): &(Weak<Memory>, usize)| Some((memory.upgrade()?, *slot));
        rings.iter().filter_map(alive).collect()
    }

    /// Sleeps until somebody waits, or the list changes.
    fn sleep(&self, rings: &[(Arc<Memory>, usize)], seen: u32) {
        let own = (&self.changes, seen);
        let words: Vec<_> = std::iter::once(own)
            .chain(rings.iter().map(|ring| (word_of(ring), 0)))
            .collect();
        let wait = if words.len() <= MAX_FUTEXES {
            SLEEP
        } else {
            BEAT
        };
        if futex_wait_any(&words, wait).is_err() {
            thread::sleep(BEAT);
        }
    }
}

fn word_of((memory, slot): &(Arc<Memory>, usize)) -> &AtomicU64 {
    memory.control(*slot, WAITING)
}

/// Beats in all rings in which threads wait; whether there was one.
fn beat(rings: &[(Arc<Memory>, usize)]) -> bool {
    let mut any = false;
    for (memory, slot) in rings {
        if memory.control(*slot, WAITING).load(Acquire) != 0 {
            memory.control(*slot, PULSE).fetch_add(1, Release);
            any = true;
        }
    }
    any
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.shared.over.store(1, Relaxed);
        self.shared.announce();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
