//! The filters of one slot: linked code for each site that has some.
//!
//! ```text
//!   word 0                        32768                                    49152
//!   | head of a chain, by site    | … | next · length | code … | next · length | code … |
//!                                       ▲ 0: none, or the offset of the next
//! ```
//!
//! An event passes if one code of its site's chain says so. Code is only ever added while a session
//! lasts. Whoever adds has made sure that there is memory; whoever reads believes nothing: each
//! offset is checked, and a chain only goes forward.

use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// Words of the heads.
pub const HEADS: usize = 32768;
/// Words of the code.
pub const CODE: usize = 16384;
/// Bytes of it all.
pub const LEN: usize = (HEADS + CODE) * 8;

/// The filters of one slot.
#[derive(Clone, Copy, Debug)]
pub struct Filters<'m> {
    words: &'m [AtomicU64],
    /// The control word that says how many words of code are taken.
    taken: &'m AtomicU64,
}

impl<'m> Filters<'m> {
    /// Over [`LEN`] bytes of a slot, and its control word [`crate::slot::FILTERS_TAKEN`].
    pub const fn new(words: &'m [AtomicU64], taken: &'m AtomicU64) -> Self {
        Self { words, taken }
    }

    /// An empty chain, for a site that is to get filters.
    pub const fn chain(&self) -> Chain<'m> {
        Chain {
            filters: *self,
            first: 0,
            last: 0,
        }
    }

    fn add(&self, code: &[u64]) -> Option<usize> {
        let need = code.len() + 1;
        let take = |taken: u64| {
            let end = usize::try_from(taken).ok()?.checked_add(need)?;
            (end <= CODE).then_some(end as u64)
        };
        let taken = self.taken.fetch_update(Relaxed, Relaxed, take).ok()?;
        let at = HEADS + taken as usize;
        self.word(at).store(header(0, code.len()), Relaxed);
        for (word, code) in self.words.get(at + 1..at + need)?.iter().zip(code) {
            word.store(*code, Relaxed);
        }
        Some(at)
    }

    /// The codes of a site.
    #[inline]
    pub fn of(&self, site: u16) -> impl Iterator<Item = &'m [AtomicU64]> + use<'m> {
        let words = self.words;
        // ORDER(filters): Acquire, pairs with the Release store in `publish`.
        let mut next = words
            .get(usize::from(site))
            .map_or(0, |head| head.load(Acquire));
        let mut behind = HEADS;
        core::iter::from_fn(move || {
            let at = usize::try_from(next).ok().filter(|at| *at >= behind)?;
            let header = words.get(at)?.load(Relaxed);
            let end = (at + 1).checked_add(header as u32 as usize)?;
            let code = words.get(at + 1..end)?;
            (next, behind) = (header >> 32, end);
            Some(code)
        })
    }

    fn word(&self, at: usize) -> &'m AtomicU64 {
        &self.words[at.min(self.words.len() - 1)]
    }

    fn length(&self, at: usize) -> usize {
        self.word(at).load(Relaxed) as u32 as usize
    }
}

/// Codes that are becoming the chain of a site.
#[derive(Debug)]
pub struct Chain<'m> {
    filters: Filters<'m>,
    first: usize,
    last: usize,
}

impl Chain<'_> {
    /// Adds a code; `false` if there is no room.
    pub fn push(&mut self, code: &[u64]) -> bool {
        let Some(at) = self.filters.add(code) else {
            return false;
        };
        if self.first == 0 {
            self.first = at;
        } else {
            let length = self.filters.length(self.last);
            let last = self.filters.word(self.last);
            last.store(header(at, length), Relaxed);
        }
        self.last = at;
        true
    }

    /// Makes it the chain of a site.
    pub fn publish(self, site: u16) {
        let head = self.filters.word(usize::from(site));
        // ORDER(filters): Release, pairs with the Acquire load in `of`.
        head.store(self.first as u64, Release);
    }
}

fn header(next: usize, length: usize) -> u64 {
    (next as u64) << 32 | length as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(body: impl FnOnce(&Filters<'_>, &[AtomicU64])) {
        extern crate std;
        let words: std::vec::Vec<AtomicU64> =
            (0..HEADS + CODE).map(|_| AtomicU64::new(0)).collect();
        let taken = AtomicU64::new(0);
        body(&Filters::new(&words, &taken), &words);
    }

    fn set(filters: &Filters<'_>, site: u16, codes: &[&[u64]]) -> bool {
        let mut chain = filters.chain();
        let fits = codes.iter().all(|code| chain.push(code));
        if fits {
            chain.publish(site);
        }
        fits
    }

    fn lengths(filters: &Filters<'_>, site: u16) -> [usize; 3] {
        let mut found = [0; 3];
        for (to, code) in found.iter_mut().zip(filters.of(site)) {
            *to = code.len();
        }
        found
    }

    #[test]
    fn a_site_has_the_codes_that_it_was_given() {
        with(|filters, _| {
            assert!(set(filters, 3, &[&[1, 2], &[3]]));
            assert!(set(filters, 4, &[&[9; 7]]));
            assert_eq!(lengths(filters, 3), [2, 1, 0]);
            assert_eq!(lengths(filters, 4), [7, 0, 0]);
            assert_eq!(lengths(filters, 5), [0, 0, 0]);
            let mut codes = filters.of(3);
            let second = codes.nth(1).expect("there are two");
            assert_eq!(second[0].load(Relaxed), 3);
        });
    }

    #[test]
    fn code_that_does_not_fit_is_refused() {
        with(|filters, _| {
            assert!(set(filters, 0, &[&[0; CODE - 1]]));
            assert!(!set(filters, 1, &[&[0]]));
            assert_eq!(lengths(filters, 1), [0, 0, 0]);
        });
    }

    #[test]
    fn a_chain_that_makes_no_sense_ends() {
        with(|filters, words| {
            for head in [1, HEADS as u64 - 1, u64::MAX, (HEADS + CODE) as u64] {
                words[7].store(head, Relaxed);
                assert_eq!(lengths(filters, 7), [0, 0, 0]);
            }
            words[7].store(HEADS as u64, Relaxed);
            words[HEADS].store(header(HEADS, 1), Relaxed);
            assert_eq!(lengths(filters, 7), [1, 0, 0], "it does not go in circles");
            words[HEADS].store(header(0, CODE), Relaxed);
            assert_eq!(lengths(filters, 7), [0, 0, 0], "nor behind the end");
        });
    }
}
