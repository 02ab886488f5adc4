//! From the kernel's counter of lost events to the packet that follows the loss.
//!
//! ```text
//!   ring     | a | b | c |  full: 5 lost  | d |
//!   counter      0      ▲ 5               ▲
//!                       read at t1        d begins after t1: its packet says 5 lost before it
//! ```
//!
//! The counter has no place in the ring. What it shows at a time happened before that time, so it
//! belongs to the first packet that begins after it; the pages that were in the ring by then are
//! older than the loss.
//!
//! Invariant: totals never go back, and after [`Ledger::settle`] nothing is owed.

use std::collections::VecDeque;

use thalweg_model::Timestamp;

use crate::KernelPacket;
use crate::cpu::Sink;

/// Readings of the counter that no packet has carried yet are merged beyond so many.
const MOST_READINGS: usize = 1024;

/// What the last packet of a stream said: its end, and what was lost by then.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said {
    pub(crate) end: u64,
    pub(crate) lost_total: u64,
}

/// What is lost so far, and what the packets have said of it.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// `(when, counter)`, both rising.
    readings: VecDeque<(u64, u64)>,
    /// The counter as packets so far know it.
    passed: u64,
    /// Records that could not be read.
    spoilt: u64,
}

impl Ledger {
    /// A ledger that continues a dead recorder's.
    pub(crate) fn from_total(total: u64) -> Self {
        Self {
            passed: total,
            ..Self::default()
        }
    }

    /// Takes a reading of the kernel's counter.
    pub(crate) fn read(&mut self, now: u64, counter: u64) {
        let known = self
            .readings
            .back()
            .map_or(self.passed, |&(_, counter)| counter);
        if counter > known {
            if self.readings.len() >= MOST_READINGS {
                self.readings.pop_back();
            }
            self.readings.push_back((now, counter));
        }
    }

    /// Counts records that could not be read.
    pub(crate) fn spoil(&mut self, count: u64) {
        self.spoilt = self.spoilt.saturating_add(count);
    }

    /// The total for a packet that begins at `begin`.
    pub(crate) fn total_at(&mut self, begin: u64) -> u64 {
        while let Some((_, counter)) = self.readings.pop_front_if(|&mut (at, _)| at <= begin) {
            self.passed = counter;
        }
        self.total()
    }

    /// The total when nothing more comes.
    fn settled(&mut self) -> u64 {
        self.pass();
        self.total()
    }

    /// Tells the losses that no packet of a CPU has told, when nothing more comes; whether there were any.
    pub(crate) fn settle<E>(
        &mut self,
        (cpu, now): (u32, u64),
        said: &mut Said,
        sink: &mut Sink<'_, E>,
    ) -> Result<bool, E> {
        let lost_total = self.settled();
        if lost_total <= said.lost_total {
            return Ok(false);
        }
        let end = now.max(said.end);
        sink(&KernelPacket::of_loss(cpu, Timestamp(end), lost_total))?;
        *said = Said { end, lost_total };
        Ok(true)
    }

    /// All that was read so far is older than the next packet.
    pub(crate) fn pass(&mut self) {
        if let Some((_, counter)) = self.readings.pop_back() {
            self.passed = counter;
        }
        self.readings.clear();
    }

    fn total(&self) -> u64 {
        self.passed.saturating_add(self.spoilt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_by_the_first_packet_that_begins_after_it_was_seen() {
        let mut ledger = Ledger::default();
        ledger.read(100, 5);
        ledger.read(200, 5);
        ledger.read(300, 9);
        assert_eq!(ledger.total_at(99), 0);
        assert_eq!(ledger.total_at(100), 5);
        assert_eq!(ledger.total_at(250), 5);
        assert_eq!(ledger.settled(), 9);
        assert_eq!(ledger.total_at(0), 9);
    }

    #[test]
    fn what_a_dead_recorder_has_told_is_not_told_again() {
        let mut ledger = Ledger::from_total(7);
        ledger.read(100, 7);
        assert_eq!(ledger.total_at(100), 7);
        ledger.read(200, 8);
        ledger.spoil(1);
        assert_eq!(ledger.settled(), 9);
    }

    #[test]
    fn readings_need_bounded_memory() {
        let mut ledger = Ledger::default();
        for n in 1..=10_000 {
            ledger.read(n, n);
        }
        assert!(ledger.readings.len() <= MOST_READINGS);
        assert_eq!(ledger.settled(), 10_000);
    }
}
