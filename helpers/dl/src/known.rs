//! The libraries that were there when we last looked.
//!
//! ```text
//!   look: begin ─▶ see(a) ─▶ see(b) ─▶ … ─▶ end ─▶ those that were not seen are gone
//! ```
//!
//! The table has a fixed size. Libraries beyond it come and go untold.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

const MOST: usize = 4096;

/// One library. The words need no order between them: whoever uses the table holds the dynamic
/// linker's lock.
struct Entry {
    /// Where it begins; 0 where no library is.
    begin: AtomicU64,
    /// Which one it is: another may be loaded at the same place later.
    identity: AtomicU64,
    /// The look that saw it last.
    seen: AtomicU64,
}

impl Entry {
    const fn vacant() -> Self {
        Self {
            begin: AtomicU64::new(0),
            identity: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        }
    }
}

/// A table of libraries.
pub(crate) struct Known {
    entries: [Entry; MOST],
    used: AtomicU64,
    look: AtomicU64,
}

impl Known {
    /// Nothing is known.
    pub(crate) const fn new() -> Self {
        Self {
            entries: [const { Entry::vacant() }; MOST],
            used: AtomicU64::new(0),
            look: AtomicU64::new(0),
        }
    }

    fn used(&self) -> &[Entry] {
        let used = self.used.load(Relaxed) as usize;
        self.entries.get(..used).unwrap_or(&self.entries)
    }

    /// Begins to look.
    pub(crate) fn begin(&self) {
        self.look.fetch_add(1, Relaxed);
    }

    /// A library is there; whether it was not there before.
    pub(crate) fn see(&self, begin: u64, identity: u64) -> bool {
        let look = self.look.load(Relaxed);
        let is_it = |entry: &&Entry| {
            entry.begin.load(Relaxed) == begin && entry.identity.load(Relaxed) == identity
        };
        if let Some(entry) = self.used().iter().find(is_it) {
            entry.seen.store(look, Relaxed);
            return false;
        }
        let vacant = |entry: &&Entry| entry.begin.load(Relaxed) == 0;
        let Some(entry) = self.used().iter().find(vacant).or_else(|| self.fresh()) else {
            return false;
        };
        entry.begin.store(begin, Relaxed);
        entry.identity.store(identity, Relaxed);
        entry.seen.store(look, Relaxed);
        true
    }

    fn fresh(&self) -> Option<&Entry> {
        let entry = self.entries.get(self.used.load(Relaxed) as usize)?;
        self.used.fetch_add(1, Relaxed);
        Some(entry)
    }

    /// Ends the look; tells where those begin that are gone.
    pub(crate) fn end(&self, mut gone: impl FnMut(u64)) {
        let look = self.look.load(Relaxed);
        for entry in self.used() {
            if entry.seen.load(Relaxed) != look && entry.begin.load(Relaxed) != 0 {
                gone(entry.begin.swap(0, Relaxed));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one look finds new and gone.
    fn look(known: &Known, libraries: &[(u64, u64)]) -> (Vec<u64>, Vec<u64>) {
        known.begin();
        let new = libraries
            .iter()
            .filter(|(begin, identity)| known.see(*begin, *identity))
            .map(|(begin, _)| *begin)
            .collect();
        let mut gone = Vec::new();
        known.end(|begin| gone.push(begin));
        (new, gone)
    }

    #[test]
    fn libraries_come_and_go_once() {
        let known = Box::new(Known::new());
        assert_eq!(look(&known, &[(1, 1), (2, 2)]), (vec![1, 2], vec![]));
        assert_eq!(look(&known, &[(1, 1), (2, 2)]), (vec![], vec![]));
        assert_eq!(look(&known, &[(2, 2), (3, 3)]), (vec![3], vec![1]));
        assert_eq!(look(&known, &[(1, 1)]), (vec![1], vec![2, 3]));
    }

    #[test]
    fn another_library_at_the_same_place_is_another() {
        let known = Box::new(Known::new());
        look(&known, &[(1, 1)]);
        assert_eq!(look(&known, &[(1, 2)]), (vec![1], vec![1]));
    }

    #[test]
    fn libraries_beyond_the_table_are_not_told() {
        let known = Box::new(Known::new());
        let many: Vec<(u64, u64)> = (1..=MOST as u64 + 5).map(|at| (at, at)).collect();
        assert_eq!(look(&known, &many).0.len(), MOST);
        assert_eq!(look(&known, &many), (vec![], vec![]));
        assert_eq!(look(&known, &[]).1.len(), MOST);
    }
}
