//! What was told, by kind and key.
//!
//! Invariant: what is told of a key is in the order of its times, and there is an end to what is kept.

use std::collections::{HashMap, VecDeque};

use thalweg_kbuf::ToldKind;

/// What is told is found by it.
pub(super) type Key = (ToldKind, u64);

/// What was told, behind its time.
type Timed = (u64, Box<[u8]>);

/// So much is kept at most: 80 MiB at worst.
const MOST: usize = 1 << 18;

/// What is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    told: HashMap<Key, VecDeque<Timed>>,
    order: VecDeque<Kept>,
    /// Something was dropped that somebody may still ask for.
    has_dropped: bool,
}

/// Since when something is kept, of which time it is, and of which key.
#[derive(Clone, Copy, Debug)]
struct Kept {
    since: u64,
    at: u64,
    key: Key,
}

impl Table {
    /// Keeps what was told at a time, from now on.
    pub(super) fn put(&mut self, key: Key, (at, now): (u64, u64), body: &[u8]) {
        let told = self.told.entry(key).or_default();
        let place = match told.back() {
            Some((last, _)) if *last > at => told.partition_point(|(when, _)| *when <= at),
            _ => told.len(),
        };
        told.insert(place, (at, body.into()));
        let since = now;
        self.order.push_back(Kept { since, at, key });
        while self.order.len() > MOST {
            self.has_dropped |= self.drop_oldest();
        }
    }

    /// Whether there was so much that something was dropped that somebody may still ask for.
    pub(super) const fn has_dropped(&self) -> bool {
        self.has_dropped
    }

    /// Takes what was told of a key for an event at a time, which asks once: the last that was told before, by clocks that differ
    /// by no more than `doubt`, if it is within a distance.
    pub(super) fn take(
        &mut self,
        key: Key,
        (at, doubt): (u64, u64),
        within: u64,
    ) -> Option<Box<[u8]>> {
        let told = self.told.get_mut(&key)?;
        // An address of the kernel's may have been told of very often.
        let behind = told.partition_point(|(when, _)| *when <= at.saturating_add(doubt));
        let place = behind.checked_sub(1)?;
        told.get(place)
            .filter(|(when, _)| when.abs_diff(at) <= within)?;
        let (_, body) = told.remove(place)?;
        if told.is_empty() {
            self.told.remove(&key);
        }
        Some(body)
    }

    /// Forgets what is kept since before a time, if nobody asks for it: it is older than `oldest`.
    pub(super) fn forget(&mut self, before: u64, oldest: u64) {
        let is_old = |kept: &Kept| kept.since < before && kept.at < oldest;
        while self.order.front().is_some_and(is_old) {
            self.drop_oldest();
        }
    }

    /// Whether what was kept longest was still there, and is no more.
    fn drop_oldest(&mut self) -> bool {
        let Some(Kept { key, at, .. }) = self.order.pop_front() else {
            return false;
        };
        let Some(told) = self.told.get_mut(&key) else {
            return false;
        };
        let place = told.partition_point(|(when, _)| *when < at);
        let is_there = told.get(place).is_some_and(|(when, _)| *when == at);
        if is_there {
            told.remove(place);
        }
        if told.is_empty() {
            self.told.remove(&key);
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (ToldKind::Fork, 7);

    #[test]
    fn what_was_told_last_is_meant() {
        let mut table = Table::default();
        table.put(KEY, (100, 0), b"a");
        table.put(KEY, (200, 0), b"b");
        table.put((ToldKind::Rx, 7), (150, 0), b"c");
        let find = |at, within| table.clone().take(KEY, (at, 5), within);
        assert_eq!(find(94, u64::MAX), None);
        assert_eq!(find(95, u64::MAX), Some(b"a"[..].into()));
        assert_eq!(find(194, u64::MAX), Some(b"a"[..].into()));
        assert_eq!(find(195, u64::MAX), Some(b"b"[..].into()));
        assert_eq!(find(260, 50), None);
        assert_eq!(find(250, 50), Some(b"b"[..].into()));
        assert_eq!(table.take((ToldKind::Fork, 8), (100, 5), u64::MAX), None);
    }

    #[test]
    fn what_was_asked_for_is_no_more() {
        let mut table = Table::default();
        for at in [100, 200] {
            table.put(KEY, (at, at), b"a");
        }
        assert!(table.take(KEY, (250, 0), u64::MAX).is_some());
        assert_eq!(table.told[&KEY].len(), 1);
        assert!(table.take(KEY, (250, 0), u64::MAX).is_some());
        assert!(table.told.is_empty());
        table.put(KEY, (100, 300), b"b");
        table.forget(201, u64::MAX);
        assert_eq!(table.order.len(), 1, "those that were taken");
    }

    #[test]
    fn what_comes_late_takes_its_place() {
        let mut table = Table::default();
        for at in [100, 300, 200, 50, 300, 250] {
            table.put(KEY, (at, 0), at.to_string().as_bytes());
        }
        let times = table.told[&KEY].iter().map(|(when, _)| *when);
        assert_eq!(times.collect::<Vec<_>>(), [50, 100, 200, 250, 300, 300]);
        for (at, told) in [
            (50, "50"),
            (99, "50"),
            (100, "100"),
            (249, "200"),
            (999, "300"),
        ] {
            let found = table.clone().take(KEY, (at, 0), u64::MAX);
            assert_eq!(found.as_deref(), Some(told.as_bytes()));
        }
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut table = Table::default();
        table.put(KEY, (100, 1000), b"a");
        table.put(KEY, (200, 2000), b"b");
        table.forget(1000, u64::MAX);
        table.forget(1001, 100);
        assert_eq!(
            table.clone().take(KEY, (100, 0), u64::MAX),
            Some(b"a"[..].into())
        );
        table.forget(1001, 101);
        assert_eq!(
            table.clone().take(KEY, (200, 0), u64::MAX),
            Some(b"b"[..].into())
        );
        table.forget(2001, u64::MAX);
        assert_eq!((table.told.len(), table.order.len()), (0, 0));
        assert!(!table.has_dropped(), "of that nobody asks any more");
        for at in 0..2 * MOST as u64 {
            table.put((ToldKind::Rx, at % 1000), (at, at), b"x");
        }
        assert_eq!(table.order.len(), MOST);
        assert!(table.has_dropped());
        let kept: usize = table.told.values().map(VecDeque::len).sum();
        assert_eq!(kept, MOST);
    }
}
