//! The records of a chunk that are as most are: complete, and soon after the one before.
//!
//! A [`Walk`] can tell of everything that may lie in a chunk. What it knows and asks for that is too
//! much to be kept in registers, event by event; a run is what is left of it for usual records.

use crate::prefetch;
use crate::sync::{Acquire, AtomicU64, Relaxed};
use crate::walk::{AHEAD_BYTES, Walk, after};
use thalweg_abi::chunk;
use thalweg_abi::record::{COMMITTED, Mark};

/// The records from a place in a chunk on, up to the first that is not usual.
#[derive(Debug)]
pub struct Run<'m> {
    /// The chunk's words.
    words: &'m [AtomicU64],
    position: usize,
    /// The time of the record before.
    time: u64,
    not_after: u64,
}

/// A usual record; its site is a claim still.
#[derive(Clone, Copy, Debug)]
pub struct Usual<'m> {
    /// The site's index: a claim.
    pub site: u16,
    /// When: not before the previous record, and not in the future.
    pub time: u64,
    body: &'m [AtomicU64],
}

impl<'m> Usual<'m> {
    /// The words of its body: the cpu and the payload, with up to 7 bytes behind. To be read once:
    /// the program may change them.
    #[inline(always)]
    pub fn body(&self) -> impl ExactSizeIterator<Item = u64> + use<'m> {
        self.body.iter().map(|word| word.load(Relaxed))
    }
}

impl<'m> Walk<'m> {
    /// The records from here on with times up to `not_after`. The first record of a chunk is not
    /// usual: its time counts from the chunk's begin.
    pub fn run(&self, not_after: u64) -> Run<'m> {
        let words = match self.position() {
            chunk::FIRST => &[],
            _ => self.words(),
        };
        Run {
            words,
            position: self.position(),
            time: self.time(),
            not_after,
        }
    }

    /// Goes on behind the records of a run that began here.
    pub fn go_on_behind(&mut self, run: &Run<'m>) {
        self.go_to(run.position, run.time);
    }
}

impl<'m> Run<'m> {
    /// The next record, if it is a usual one. It is the next one until it was [passed](Self::pass).
    #[inline(always)]
    pub fn peek(&self) -> Option<Usual<'m>> {
        let rest = self.words.get(self.position..)?;
        let (first, behind) = rest.split_first()?;
        // ORDER(publish): Acquire, pairs with the Release store in `Cursor::emit`.
        let mark = Mark::unpack(first.load(Acquire));
        let body = behind.get(..usize::from(mark.words).wrapping_sub(1))?;
        let time = after(self.time, mark.time_low);
        let is_usual = mark.state == COMMITTED && !mark.extended && !body.is_empty();
        (is_usual && time <= self.not_after).then_some(Usual {
            site: mark.site,
            time,
            body,
        })
    }

    /// Goes on behind a record that was the next one.
    #[inline(always)]
    pub fn pass(&mut self, usual: &Usual<'m>) {
        self.position += 1 + usual.body.len();
        self.time = usual.time;
        // Written to as well, when the chunk is cleared.
        prefetch::will_write::<AHEAD_BYTES>(self.words, self.position);
    }
}
