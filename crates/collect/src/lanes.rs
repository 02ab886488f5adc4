//! Lanes: which stream file takes which thread's packets.
//!
//! ```text
//!   lane 0   |thread 11 ────────────|   |thread 40 ───|
//!   lane 1     |thread 12 ──|  |thread 31 ────────────────
//!   …
//!   shared   |11|12|13|11|14|…   merged by time, each event with its thread
//! ```
//!
//! Packets of a lane never overlap in time, as readers demand. A thread keeps its lane while it
//! lives; another gets it afterwards. Past the limit threads share lanes, so that ten thousand
//! threads need no more files than a reader may open.

use std::collections::{BTreeSet, HashMap};

use crate::program::ThreadKey;

/// Stream files of one channel, at most.
pub(crate) const MAX_LANES: usize = 64;
/// Of them, those that threads share.
pub(crate) const SHARED_LANES: usize = 4;

/// Who uses a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Nobody,
    Thread(ThreadKey),
    Everybody,
    /// State dumps, in the order of their times: no thread ever gets it.
    Dumps,
}

/// One stream file, as the choice between them sees it.
#[derive(Clone, Copy, Debug)]
struct Lane {
    user: User,
    last_end: u64,
}

/// Where a thread's packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a lane that exists.
    Lane(usize),
    /// Into a new one, which gets this number.
    New(usize),
    /// Into the shared ones.
    Shared,
}

/// The lanes of one channel and folder.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    of_thread: HashMap<ThreadKey, usize>,
    sharing: BTreeSet<ThreadKey>,
}

impl Lanes {
    /// Where packets of `thread` go whose first event is not before `begin`.
    pub(crate) fn place(&self, thread: ThreadKey, begin: u64) -> Place {
        if self.sharing.contains(&thread) {
            return Place::Shared;
        }
        if let Some(&lane) = self.of_thread.get(&thread) {
            return Place::Lane(lane);
        }
        let free = |lane: &Lane| lane.user == User::Nobody && lane.last_end <= begin;
        if let Some(lane) = self.lanes.iter().position(free) {
            return Place::Lane(lane);
        }
        let own = self
            .lanes
            .iter()
            .filter(|lane| matches!(lane.user, User::Nobody | User::Thread(_)))
            .count();
        if own < MAX_LANES - SHARED_LANES {
            Place::New(self.lanes.len())
        } else {
            Place::Shared
        }
    }

    /// The number that a new lane gets.
    pub(crate) fn next(&self) -> usize {
        self.lanes.len()
    }

    /// The first lane that threads use, if there is one.
    pub(crate) fn first_of_threads(&self) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.user != User::Dumps)
    }

    /// Adds a lane.
    pub(crate) fn add(&mut self, user: User, begin: u64) {
        self.lanes.push(Lane {
            user,
            last_end: begin,
        });
    }

    /// Gives a lane to a thread, for as long as it lives.
    pub(crate) fn take(&mut self, lane: usize, thread: ThreadKey) {
        self.lanes[lane].user = User::Thread(thread);
        self.of_thread.insert(thread, lane);
    }

    /// Lets a thread share, for as long as it lives.
    pub(crate) fn share(&mut self, thread: ThreadKey) {
        self.sharing.insert(thread);
    }

    /// Whether a thread shares, or any does.
    pub(crate) fn is_sharing(&self, thread: Option<ThreadKey>) -> bool {
        match thread {
            Some(thread) => self.sharing.contains(&thread),
            None => !self.sharing.is_empty(),
        }
    }

    /// A thread is gone: its lane is free for the next.
    pub(crate) fn release(&mut self, thread: ThreadKey) {
        if let Some(lane) = self.of_thread.remove(&thread) {
            self.lanes[lane].user = User::Nobody;
        }
        self.sharing.remove(&thread);
    }

    /// The threads of a program that hold a lane or share one.
    pub(crate) fn threads_of(&self, program: u64) -> Vec<ThreadKey> {
        let held = self.of_thread.keys().chain(&self.sharing);
        held.filter(|thread| thread.program == program)
            .copied()
            .collect()
    }

    /// A shared lane that ended before `begin`.
    pub(crate) fn shared(&self, begin: u64) -> Place {
        let fits = |lane: &Lane| lane.user == User::Everybody && lane.last_end <= begin;
        if let Some(lane) = self.lanes.iter().position(fits) {
            return Place::Lane(lane);
        }
        let shared = self
            .lanes
            .iter()
            .filter(|lane| lane.user == User::Everybody)
            .count();
        if shared < SHARED_LANES {
            Place::New(self.lanes.len())
        } else {
            Place::Shared
        }
    }

    /// The time that a lane's next packet must not begin before.
    pub(crate) fn last_end(&self, lane: usize) -> u64 {
        self.lanes[lane].last_end
    }

    /// Notes that a packet was written.
    pub(crate) fn ended(&mut self, lane: usize, end: u64) {
        self.lanes[lane].last_end = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(tid: u32) -> ThreadKey {
        ThreadKey {
            program: 1,
            index: tid as u16,
            tid,
        }
    }

    #[test]
    fn a_lane_is_used_again_only_after_its_last_packet() {
        let mut lanes = Lanes::default();
        assert_eq!(lanes.place(thread(1), 10), Place::New(0));
        lanes.add(User::Nobody, 0);
        lanes.take(0, thread(1));
        lanes.ended(0, 100);
        assert_eq!(lanes.place(thread(1), 100), Place::Lane(0));
        assert_eq!(
            lanes.place(thread(2), 200),
            Place::New(1),
            "thread 1 still has the lane"
        );
        lanes.release(thread(1));
        assert_eq!(
            lanes.place(thread(2), 99),
            Place::New(1),
            "the lane's last packet is later"
        );
        assert_eq!(lanes.place(thread(2), 100), Place::Lane(0));
    }

    #[test]
    fn past_the_limit_threads_share() {
        let mut lanes = Lanes::default();
        for tid in 0..(MAX_LANES - SHARED_LANES) as u32 {
            let Place::New(lane) = lanes.place(thread(tid), 0) else {
                panic!("no new lane")
            };
            lanes.add(User::Nobody, 0);
            lanes.take(lane, thread(tid));
        }
        assert_eq!(lanes.place(thread(1000), 0), Place::Shared);
        assert_eq!(lanes.shared(0), Place::New(60));
        for _ in 0..SHARED_LANES {
            lanes.add(User::Everybody, 50);
        }
        assert_eq!(lanes.shared(50), Place::Lane(60));
        assert_eq!(
            lanes.shared(49),
            Place::Shared,
            "nothing left that could take it in order"
        );
    }
}
