//! Waiting until the collector has made room, for programs that allow it.
//!
//! ```text
//!   no room ─▶ sleep on FREED ─┬─ chunks were freed ──────────────────────▶ try again
//!                              ├─ nobody wants the event any more ────────┐
//!                              ├─ the collector says that it is hopeless ─┼▶ try once more, and count
//!                              ├─ the time is over ───────────────────────┤  the loss
//!                              └─ no pulse for 100 ms: everybody is dead ─┘
//! ```
//!
//! Invariant: a program that has not said `THALWEG_ALLOW_BLOCKING=1` when it started never waits,
//! whatever its shared memory says; and no event is under way while its thread waits.

use crate::{clock, sys};
use core::ffi::CStr;
use core::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Relaxed},
};
use thalweg_abi::slot;
use thalweg_ring::Slot;

const VARIABLE: &CStr = c"THALWEG_ALLOW_BLOCKING";

/// How long a thread waits without a sign of life from the collector.
const SILENCE_NS: u64 = 90_000_000;
/// How often it looks for one.
const SLICE_NS: u64 = 10_000_000;

static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Reads the environment, as long as nobody can be changing it.
pub(crate) fn remember() {
    ALLOWED.store(sys::trusted_variable(VARIABLE) == Some(b"1"), Relaxed);
}

/// Whether threads may wait.
pub(crate) fn is_allowed() -> bool {
    ALLOWED.load(Relaxed)
}

/// How long one event may wait yet.
pub(crate) struct Patience<'s, W> {
    ring: &'s Slot<'static>,
    is_wanted: W,
    is_left: bool,
    /// Since the first wait: when it has to end, and what tells that it is hopeless.
    begun: Option<(u64, u64)>,
}

impl<'s, W: Fn() -> bool> Patience<'s, W> {
    /// `is_wanted` tells whether the collector still wants the event.
    pub(crate) fn new(ring: &'s Slot<'static>, is_wanted: W) -> Self {
        Self {
            ring,
            is_wanted,
            is_left: is_allowed(),
            begun: None,
        }
    }

    /// Whether the event may wait, at all or still.
    pub(crate) fn is_left(&self) -> bool {
        self.is_left
    }

    /// Sleeps until the slot's word FREED is not `freed` any more, or there is no use in it.
    #[cold]
    pub(crate) fn wait(&mut self, freed: u64) {
        self.is_left = self.sleep(freed);
    }

    fn sleep(&mut self, freed: u64) -> bool {
        let ring = self.ring;
        let word = |index| ring.control(index).load(Acquire);
        let mut now = clock::monotonic_ns();
        let (end, hopeless) = *self.begun.get_or_insert_with(|| {
            let end = now.saturating_add(word(slot::PATIENCE_NS));
            (end, word(slot::HOPELESS))
        });
        // Whoever gives the pulse sleeps as long as nobody waits.
        sys::futex_wake(ring.control(slot::WAITING));
        let (mut pulse, mut heard) = (word(slot::PULSE), now);
        loop {
            if word(slot::FREED) as u32 != freed as u32 {
                return true;
            }
            if now >= end || word(slot::HOPELESS) != hopeless || !(self.is_wanted)() {
                return false;
            }
            let beat = word(slot::PULSE);
            if beat != pulse {
                (pulse, heard) = (beat, now);
            } else if now - heard >= SILENCE_NS || word(slot::GIVEN_UP) == beat.wrapping_add(1) {
                // So that the next event does not wait as long for the dead.
                ring.control(slot::GIVEN_UP)
                    .store(beat.wrapping_add(1), Relaxed);
                return false;
            }
            let slice = SLICE_NS.min(end - now);
            sys::futex_wait(ring.control(slot::FREED), freed as u32, slice);
            now = clock::monotonic_ns();
        }
    }
}
