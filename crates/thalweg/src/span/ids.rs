//! Which ids spans get: no lock, no allocation, and none twice.
//!
//! ```text
//!   first               first + 1024        first + 2048
//!   |  thread A's batch |  thread B's batch |  thread A's next …
//! ```
//!
//! `first` is a process's own, any of 64 bits. So the ids of two processes would only meet if one
//! began where the other's lie: of ten thousand processes with ten million spans each, in one trace of
//! twenty thousand. A forked child finds these words wiped, and begins elsewhere.

use super::id::SpanId;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use thalweg_ring::LocalWord;

/// Ids that a thread takes at once, so that threads seldom meet.
const BATCH: u64 = 1024;

/// The ids of a process. Zeroed memory is one that has none yet.
#[derive(Debug)]
pub(crate) struct Ids {
    first: AtomicU64,
    taken: AtomicU64,
}

/// The ids that are a thread's to give: the next one's number; a multiple of `BATCH`: there is none.
/// Zeroed memory is one without any.
#[derive(Debug)]
pub(crate) struct Batch(LocalWord);

impl Ids {
    /// Says where the process's ids begin, before any is given.
    pub(crate) fn begin_at(&self, first: u64) {
        self.first.store(first, Relaxed);
    }

    /// Where they begin, which tells this process from the one that forked it; 0 before that is
    /// known.
    pub(crate) fn origin(&self) -> u64 {
        self.first.load(Relaxed)
    }

    /// The number of the first of a fresh batch.
    pub(crate) fn take_batch(&self) -> u64 {
        self.taken.fetch_add(BATCH, Relaxed)
    }
}

impl Batch {
    /// The number of the next id. A signal handler may take some meanwhile, and even a batch.
    pub(crate) fn take(&self, ids: &Ids) -> u64 {
        loop {
            let next = self.0.load();
            let number = if next.is_multiple_of(BATCH) {
                ids.take_batch()
            } else {
                next
            };
            if self.0.compare_exchange(next, number + 1) {
                return number;
            }
        }
    }
}

/// The id of a number; the one that would be 0 is the last of all instead.
pub(crate) fn id(origin: u64, number: u64) -> SpanId {
    match origin.wrapping_add(number) {
        0 => SpanId::from_u64(origin.wrapping_sub(1)),
        id => SpanId::from_u64(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn ids() -> Ids {
        Ids {
            first: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        }
    }

    #[test]
    fn no_number_is_given_twice() {
        let ids = ids();
        let take = |count| {
            let batch = Batch(LocalWord::new(0));
            (0..count).map(|_| batch.take(&ids)).collect::<Vec<_>>()
        };
        let count = 5 * BATCH as usize + 7;
        let threads = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| take(count))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("taking does not panic"))
                .collect::<Vec<_>>()
        });
        let distinct: BTreeSet<u64> = threads.iter().flatten().copied().collect();
        assert_eq!(distinct.len(), 4 * count);
    }

    #[test]
    fn a_handler_that_takes_the_last_of_a_batch_leaves_none_that_is_given_twice() {
        let (ids, batch) = (ids(), Batch(LocalWord::new(0)));
        for number in 0..BATCH {
            assert_eq!(batch.take(&ids), number);
        }
        // A handler between the load of a used-up batch and its exchange.
        let seen = batch.0.load();
        let taken = ids.take_batch();
        assert_eq!((seen, taken), (BATCH, BATCH));
        assert_eq!(batch.take(&ids), 2 * BATCH);
        assert!(!batch.0.compare_exchange(seen, taken + 1));
        assert_eq!(batch.take(&ids), 2 * BATCH + 1);
    }

    #[test]
    fn an_id_is_never_none() {
        let origin = u64::MAX - 1;
        let found = [0, 1, 2, 3].map(|number| id(origin, number).to_u64());
        assert_eq!(found, [u64::MAX - 1, u64::MAX, u64::MAX - 2, 1]);
    }
}
