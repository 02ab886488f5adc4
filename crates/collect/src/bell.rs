//! The bell: how a collector that sleeps on rings hears of everything else.
//!
//! ```text
//!   ring ─ full chunk ─▶ futex ──┐
//!   ring ─ full chunk ─▶ futex ──┼─▶ the collector's one wait (futex_waitv)
//!   sockets, folders, kernel ─▶ epoll in a thread ─▶ futex ─┘
//! ```
//!
//! So an idle recording costs next to no wake-ups, and a busy one is there when the first chunk
//! is full.

use rustix::event::epoll;
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use thalweg_abi::slot::WAKE;
use thalweg_ring::Slot;
use thalweg_sys::{MAX_FUTEXES, futex_wait_any, futex_wake};

/// The longest sleep when there are more rings than one wait can watch.
const UNWATCHED: Duration = Duration::from_millis(5);

/// Rings when one of its descriptors has something.
pub(crate) struct Bell {
    rung: Arc<Rung>,
    epoll: Arc<OwnedFd>,
    end: OwnedFd,
    thread: Option<JoinHandle<()>>,
    heard: u32,
}

/// The futex, and whether the thread is to end.
#[derive(Default)]
struct Rung {
    count: AtomicU64,
    over: AtomicU64,
}

impl Bell {
    pub(crate) fn new() -> Result<Self, Errno> {
        let epoll = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC)?);
        let flags = rustix::event::EventfdFlags::CLOEXEC;
        let end = rustix::event::eventfd(0, flags)?;
        let rung = Arc::new(Rung::default());
        let thread = {
            let (rung, epoll) = (Arc::clone(&rung), Arc::clone(&epoll));
            let name = "thalweg-bell".to_owned();
            thread::Builder::new()
                .name(name)
                .spawn(move || ring(&epoll, &rung))
                .ok()
        };
        let bell = Self {
            rung,
            epoll,
            end,
            thread,
            heard: 0,
        };
        bell.add(&bell.end)?;
        Ok(bell)
    }

    /// Rings when `source` has something new.
    pub(crate) fn add(&self, source: impl AsFd) -> Result<(), Errno> {
        let data = epoll::EventData::new_u64(0);
        // Edges: what was rung for once is not rung for again until more comes.
        let events = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&*self.epoll, source, data, events)
    }

    /// Sleeps until the bell rings, one of the rings has so many full chunks more or lacks one, or
    /// `wait` is over. `is_quiet` looks at the rings once more after they were told that we sleep.
    pub(crate) fn sleep(
        &mut self,
        rings: &[(Slot<'_>, u32)],
        wait: Duration,
        is_quiet: impl FnOnce() -> bool,
    ) {
        for (ring, chunks) in rings {
            ring.control(WAKE).store(u64::from(*chunks), SeqCst);
        }
        // ORDER(wake): pairs with the fence in `hand_over`.
        std::sync::atomic::fence(SeqCst);
        if is_quiet() {
            let own = (&self.rung.count, self.heard);
            let of_rings = rings.iter();
            let of_rings = of_rings.map(|(ring, chunks)| (ring.control(WAKE), *chunks));
            let words: Vec<_> = std::iter::once(own).chain(of_rings).collect();
            let watched = words.len() <= MAX_FUTEXES;
            let wait = if watched { wait } else { wait.min(UNWATCHED) };
            if futex_wait_any(&words, wait).is_err() {
                thread::sleep(wait.min(UNWATCHED));
            }
        }
        for (ring, _) in rings {
            ring.control(WAKE).store(0, SeqCst);
        }
        self.heard = self.rung.count.load(Acquire) as u32;
    }
}

/// The thread: waits for descriptors, rings, and leaves the work to the collector.
fn ring(epoll: &OwnedFd, rung: &Rung) {
    let mut events = Vec::with_capacity(16);
    while rung.over.load(Relaxed) == 0 {
        events.clear();
        match epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        rung.count.fetch_add(1, Release);
        futex_wake(&rung.count);
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.rung.over.store(1, Relaxed);
        let _ = rustix::io::write(&self.end, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_bell_ends_a_sleep() {
        let (ours, theirs) = rustix::pipe::pipe().unwrap();
        let mut bell = Bell::new().unwrap();
        bell.add(&ours).unwrap();
        let begun = Instant::now();
        let sleeper = thread::spawn(move || {
            bell.sleep(&[], Duration::from_secs(100), || true);
        });
        rustix::io::write(&theirs, b"x").unwrap();
        sleeper.join().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn what_is_found_while_falling_asleep_ends_the_sleep() {
        let mut bell = Bell::new().unwrap();
        let begun = Instant::now();
        bell.sleep(&[], Duration::from_secs(100), || false);
        assert!(begun.elapsed() < Duration::from_secs(50));
    }
}
