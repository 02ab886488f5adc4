//! Threads that wait for room: woken when there is some, and told when there will be none.

use std::sync::atomic::Ordering::{Relaxed, Release};
use std::time::{Duration, Instant};
use thalweg_abi::desc::{Desc, FREE};
use thalweg_abi::program::{ALLOWS_BLOCKING, HEAD_ALLOWS};
use thalweg_abi::slot::{self, FREED, WAITING};
use thalweg_ring::takes_waiting;
use thalweg_sys::futex_wake;

use super::memory::Memory;
use super::traced::Program;
use crate::summary::RingMode;

/// When nothing was freed for so long nobody is to wait any longer: what the threads wait for is in
/// chunks that other threads have not filled, and there is no memory for more.
const HOPELESS: Duration = Duration::from_millis(100);
/// The same where chunks are free: threads that still wait need larger ones.
const UNFIT: Duration = Duration::from_millis(200);

impl Program {
    /// Whether a thread waits for room.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.ring().control(WAITING).load(Relaxed) != 0
    }

    /// Wakes the threads that wait, if chunks were freed since this was done last, or if there is
    /// nothing to wait for.
    pub(crate) fn wake_waiting(&mut self) {
        let ring = self.memory.slot(self.slot);
        if self.freed == 0 && ring.control(WAITING).load(Relaxed) == 0 {
            self.stuck = None;
            return;
        }
        if self.freed > 0 {
            (self.freed, self.stuck) = (0, None);
        } else {
            let stuck = self.stuck.get_or_insert_with(Instant::now).elapsed();
            // A thread that found room does not say so; or what is free is too small for it.
            let patience = if self.has_free() { UNFIT } else { HOPELESS };
            if stuck < HOPELESS {
                return;
            }
            if stuck >= patience {
                ring.control(slot::HOPELESS).fetch_add(1, Release);
                self.stuck = None;
            }
        }
        if takes_waiting(&ring) {
            futex_wake(ring.control(FREED));
        }
    }

    fn has_free(&self) -> bool {
        let ring = self.ring();
        let state = |unit: &usize| Desc::unpack(ring.desc(*unit).load(Relaxed)).state;
        self.pool.chunks.keys().any(|unit| state(unit) == FREE)
    }
}

/// What a program may be asked for of `mode`: to wait only if it allows that.
pub(crate) fn allowed(memory: &Memory, mode: RingMode) -> RingMode {
    let allows = memory.head(HEAD_ALLOWS).load(Relaxed) & ALLOWS_BLOCKING != 0;
    match mode {
        RingMode::Block(_) if !allows => RingMode::Discard,
        mode => mode,
    }
}
