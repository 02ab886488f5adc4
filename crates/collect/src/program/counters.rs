//! What a program's own counters say was lost, and how much of it was told already.

use std::sync::atomic::Ordering::Relaxed;
use thalweg_abi::slot::{REFUSED_LARGE, REFUSED_NESTED, REFUSED_THREAD, TOLD, TOLD_OVERWRITTEN};
use thalweg_model::LossCause;
use thalweg_ring::overwritten;

use super::traced::Program;

/// Counts by cause, in the order of [`CAUSES`].
pub(super) type Told = [u64; 5];

const CAUSES: [LossCause; 5] = [
    LossCause::RingFull,
    LossCause::NoThreadSlot,
    LossCause::TooLarge,
    LossCause::TooDeep,
    LossCause::Overwritten,
];

/// The most events that a program is believed to have lost for one cause: as many as it could emit in
/// three days, one in each nanosecond. Whatever liars say, their sums are numbers.
const MOST: u64 = 1 << 48;

impl Program {
    /// The program's own counters.
    fn counters(&self) -> Told {
        let ring = self.ring();
        let refused = |word| ring.control(word).load(Relaxed);
        let lost = |index| ring.lost(index).load(Relaxed);
        let taken = |sum: u64, unit: &usize| sum.wrapping_add(overwritten(&ring, *unit));
        [
            (0..ring.lost_ready()).map(lost).fold(0, u64::wrapping_add),
            refused(REFUSED_THREAD),
            refused(REFUSED_LARGE),
            refused(REFUSED_NESTED),
            // Looked for in all chunks: only where threads take some back.
            match self.overwrites {
                true => self.pool.chunks.keys().fold(0, taken),
                false => 0,
            },
        ]
    }

    /// What was told already, according to the program's memory: an earlier collector may have
    /// died before it told of everything.
    pub(super) fn counters_told(&self) -> Told {
        let ring = self.ring();
        let [lost @ .., taken] = self.counters();
        let total = lost
            .iter()
            .fold(0_u64, |sum, count| sum.wrapping_add(*count));
        let mut untold = total.saturating_sub(ring.control(TOLD).load(Relaxed));
        let [full, thread, large, deep] = lost.map(|count| {
            let of_this = count.min(untold);
            untold -= of_this;
            count - of_this
        });
        let taken = taken.min(ring.control(TOLD_OVERWRITTEN).load(Relaxed));
        [full, thread, large, deep, taken]
    }

    /// What the program lost since this was asked last, by cause.
    pub(crate) fn take_losses(&mut self) -> Vec<(LossCause, u64)> {
        let counters = self.counters();
        let mut fresh = Vec::new();
        for ((cause, count), told) in CAUSES.into_iter().zip(counters).zip(&mut self.told) {
            // A counter that goes back is a program's lie: it changes nothing but its own sum.
            let count = count.min(MOST);
            let more = count.saturating_sub(*told);
            *told = count.max(*told);
            if more > 0 {
                fresh.push((cause, more));
            }
        }
        fresh
    }

    /// Notes in the program's memory that so many more losses are on disk.
    pub(crate) fn note_told(&self, fresh: &[(LossCause, u64)]) {
        for (cause, count) in fresh {
            let word = match cause {
                LossCause::Overwritten => TOLD_OVERWRITTEN,
                _ => TOLD,
            };
            self.ring().control(word).fetch_add(*count, Relaxed);
        }
    }
}
