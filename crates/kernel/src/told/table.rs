//! What was told, by kind and key.
//!
//! Invariant: what is told of a key is in the order in which it came, and there is an end to what is kept.

use std::collections::{HashMap, VecDeque};

use thalweg_kbuf::ToldKind;

/// What is told is found by it.
pub(super) type Key = (ToldKind, u64);

/// What was told, behind its time.
type Timed = (u64, Box<[u8]>);

/// So much is kept at most: some 40 MiB of packets.
const MOST: usize = 1 << 18;

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Table {
    told: HashMap<Key, VecDeque<Timed>>,
    order: VecDeque<(u64, Key)>,
}

impl Table {
    /// Keeps what was told at a time.
    pub(super) fn put(&mut self, key: Key, at: u64, body: &[u8]) {
        self.told
            .entry(key)
            .or_default()
            .push_back((at, body.into()));
        self.order.push_back((at, key));
        while self.order.len() > MOST {
            self.drop_oldest();
        }
    }

    /// What was told of a key nearest to a time, if it is within a distance.
    pub(super) fn find(&self, key: Key, at: u64, within: u64) -> Option<&[u8]> {
        let told = self.told.get(&key)?.iter();
        let (when, body) = told.min_by_key(|(when, _)| when.abs_diff(at))?;
        (when.abs_diff(at) <= within).then_some(body)
    }

    /// Forgets what was told before a time.
    pub(super) fn forget(&mut self, before: u64) {
        while self.order.front().is_some_and(|(at, _)| *at < before) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some((_, key)) = self.order.pop_front() else {
            return;
        };
        if let Some(told) = self.told.get_mut(&key) {
            told.pop_front();
            if told.is_empty() {
                self.told.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (ToldKind::Fork, 7);

    #[test]
    fn the_nearest_is_meant() {
        let mut table = Table::default();
        table.put(KEY, 100, b"a");
        table.put(KEY, 200, b"b");
        table.put((ToldKind::Rx, 7), 150, b"c");
        let find = |at, within| table.find(KEY, at, within);
        assert_eq!(find(101, u64::MAX), Some(&b"a"[..]));
        assert_eq!(find(199, u64::MAX), Some(&b"b"[..]));
        assert_eq!(find(260, 50), None);
        assert_eq!(find(250, 50), Some(&b"b"[..]));
        assert_eq!(table.find((ToldKind::Fork, 8), 100, u64::MAX), None);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut table = Table::default();
        table.put(KEY, 100, b"a");
        table.put(KEY, 200, b"b");
        table.forget(200);
        assert_eq!(table.find(KEY, 100, u64::MAX), Some(&b"b"[..]));
        table.forget(201);
        assert_eq!((table.told.len(), table.order.len()), (0, 0));
        for at in 0..2 * MOST as u64 {
            table.put((ToldKind::Rx, at % 1000), at, b"x");
        }
        assert_eq!(table.order.len(), MOST);
        let kept: usize = table.told.values().map(VecDeque::len).sum();
        assert_eq!(kept, MOST);
    }
}
