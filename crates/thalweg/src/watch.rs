//! The program's state, told anew when somebody begins to listen.
//!
//! ```text
//!   collector                       head of the memfd             program
//!   a recording has begun,   ──▶    ASKED + 1, woken       ──▶    poll, wait: true ─▶ emits its state
//!   a snapshot is to be taken
//!   copies the rings         ◀──    ANSWERED               ◀──    the next poll or wait
//! ```
//!
//! Invariant: no thread and no handler of ours; a poll is a few loads, and writes only when there is
//! an answer to give.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::time::Duration;
use thalweg_abi::program::{HEAD_ANSWERED, HEAD_ASKED, HEAD_WATCHES};

use crate::map::Map;
use crate::state::{self, State};
use crate::{clock, life, sys};

/// The high half of the word, which is another one in each process.
const PROCESS: u64 = !0 << 32;

/// Where tracing cannot be set up, that may be so for a moment only.
const NEXT_LOOK_NS: u64 = 1_000_000_000;

/// Tells when a recording wants to know the state that the program is in.
///
/// What a program did before a recording began is in no trace, and what it did long before a snapshot
/// was overwritten: which connections are open, which files, which settings hold. A program that
/// watches tells that again, with events of its own:
///
/// ```
/// struct Server { peers: Vec<u64>, watch: thalweg::Watch }
///
/// impl Server {
///     fn turn(&mut self) {
///         if self.watch.poll() {
///             for &peer in &self.peers {
///                 thalweg::event!("server:connected", Info, { peer: u64 = peer });
///             }
///         }
///         // … and what the server does in each turn of its loop.
///     }
/// }
/// # let mut server = Server { peers: vec![1, 2], watch: thalweg::Watch::new() };
/// # server.turn();
/// ```
///
/// A program without such a loop gives a thread to it:
///
/// ```no_run
/// # fn tell_state() {}
/// std::thread::spawn(|| {
///     let mut watch = thalweg::Watch::new();
///     loop {
///         if watch.wait(std::time::Duration::from_secs(3600)) {
///             tell_state();
///         }
///     }
/// });
/// ```
///
/// The answer is `true` once after a recording has begun, also if that was before the first question;
/// before each snapshot; at the end of a flight recorder's recording; and when the user asks for the
/// state (`SIGUSR2` to `thalweg record`). Whoever asks again, or waits again, has told its state: a
/// snapshot waits for that, 50 ms at most, so a loop that polls should turn faster.
///
/// A program may have several, one for each part that tells its own state. In a forked child, the
/// first question sets the library up as its first event would.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Watch {
    /// What the word held at the last question; 0 before the first.
    seen: u64,
    /// The count up to which its state is told.
    answered: u64,
}

impl Watch {
    /// A watch that has seen nothing yet.
    pub const fn new() -> Self {
        Self {
            seen: 0,
            answered: 0,
        }
    }

    /// Whether the state is to be told, since this was asked last.
    #[inline]
    pub fn poll(&mut self) -> bool {
        process().is_some_and(|map| self.look(&map))
    }

    /// Sleeps until the state is to be told, or the time is over; whether it is to be told.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
        let end = clock::monotonic_ns().saturating_add(timeout_ns);
        loop {
            if self.poll() {
                return true;
            }
            let left = end.saturating_sub(clock::monotonic_ns());
            if left == 0 {
                return false;
            }
            match process() {
                Some(map) => sys::futex_wait(map.head(HEAD_ASKED), self.seen as u32, left),
                None => sys::futex_wait(&AtomicU64::new(0), 0, left.min(NEXT_LOOK_NS)),
            }
        }
    }

    fn look(&mut self, map: &Map) -> bool {
        // ORDER(asked): Acquire, pairs with the collector's Release: its gates are open by then.
        let asked = map.head(HEAD_ASKED).load(Acquire);
        if asked & PROCESS != self.seen & PROCESS {
            self.begin(map, asked);
        }
        self.answer(map);
        let is_asked = asked != self.seen;
        self.seen = asked;
        is_asked
    }

    /// The first question in this process.
    #[cold]
    fn begin(&mut self, map: &Map, asked: u64) {
        *self = Self {
            seen: asked & PROCESS,
            answered: 0,
        };
        map.head(HEAD_WATCHES).fetch_add(1, Release);
    }

    /// Who asks again has told what was asked before.
    fn answer(&mut self, map: &Map) {
        let told = self.seen & !PROCESS;
        if told != self.answered {
            // ORDER(answered): Release, pairs with the collector's Acquire: the events are there.
            let more = told.wrapping_sub(self.answered);
            map.head(HEAD_ANSWERED).fetch_add(more, Release);
            self.answered = told;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(process) = state::get().and_then(State::process) else {
            return;
        };
        let map = process.map;
        let own = map.head(HEAD_ASKED).load(Relaxed) & PROCESS;
        if self.seen & PROCESS == own {
            map.head(HEAD_WATCHES).fetch_sub(1, Release);
            map.head(HEAD_ANSWERED).fetch_sub(self.answered, Release);
        }
    }
}

/// The memory of this process, set up if it is a child that nobody has set up yet.
#[inline]
fn process() -> Option<Map> {
    let state = state::get()?;
    let process = state.process().or_else(|| {
        life::set_up_child();
        state.process()
    });
    process.map(|process| process.map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::Ordering::SeqCst;
    use thalweg_abi::program::is_answered;

    /// What a collector reads: whether all is answered.
    fn all_answered(map: &Map) -> bool {
        let word = |index| map.head(index).load(SeqCst);
        is_answered(word(HEAD_ASKED), word(HEAD_WATCHES), word(HEAD_ANSWERED))
    }

    /// In one test: watches of others would count in the same words.
    #[test]
    fn watches_answer_by_asking_again_and_are_no_more_waited_for_when_they_go() {
        crate::event!("test:watched", Info, {});
        let map = process().expect("tracing can be set up");
        let ask = || map.head(HEAD_ASKED).fetch_add(1, SeqCst);
        let mut first = Watch::new();
        assert!(!first.poll(), "nobody records here");
        ask();
        assert!(!all_answered(&map));
        let mut second = Watch::new();
        assert!(first.poll() && second.poll(), "it was asked before, too");
        assert!(!first.poll());
        assert!(!all_answered(&map), "the second has not told it yet");
        assert!(!second.wait(Duration::ZERO));
        assert!(all_answered(&map));
        ask();
        ask();
        assert!(first.wait(Duration::from_secs(100)));
        drop(second);
        assert!(!all_answered(&map));
        drop(first);
        assert!(all_answered(&map));
        let waiting = std::thread::spawn(|| Watch::new().wait(Duration::from_secs(100)));
        assert!(waiting.join().unwrap(), "a new watch tells what holds now");
    }
}
