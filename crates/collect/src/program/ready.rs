//! Chunks that can be read, in the order of their thread's writing.
//!
//! ```text
//!   thread:    … A ──▶ B ──▶ C                 time ─▶
//!   collector:    A: OWNED   B: FULL          looks at one descriptor after the other
//! ```
//!
//! A thread goes on while its chunks are looked at: an older one may have been seen under way, or free,
//! and a newer one full. Read in that order, the older one's events would come too late for their
//! stream. What began before the look cannot be preceded by what was free then; and behind a chunk that
//! was seen under way the newer ones wait.

use std::collections::HashSet;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

use thalweg_abi::chunk;
use thalweg_abi::desc::{Desc, FREE, FULL, NONE, OWNED};
use thalweg_ring::{Content, UNIT_WORDS, content_of, owner_of};

use super::traced::{Program, ThreadKey};
use crate::process::Threads;

/// A chunk with something to read.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Whose it is.
    pub thread: ThreadKey,
    pub(crate) unit: usize,
    pub(crate) begin: u64,
    /// The thread is done with it, or gone.
    pub(crate) complete: bool,
    /// The thread is gone.
    pub(crate) gone: bool,
    /// Its descriptor when the thread had it.
    pub(super) owner: Desc,
}

/// Which chunks a pass looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that their threads are done with.
    Complete,
    /// All that hold something.
    All,
}

impl Program {
    /// The chunks with something to read, oldest first; `live` tells which threads still are.
    ///
    /// `live` is asked after the descriptors were read, so that a thread that is not among the
    /// living then cannot have taken its chunk later.
    pub fn ready(&self, reach: Reach, live: impl FnOnce() -> Option<Threads>) -> Vec<Ready> {
        let ring = self.ring();
        let seen: Vec<(usize, u64)> = self
            .pool
            .chunks
            .keys()
            .map(|&unit| (unit, ring.desc(unit).load(Acquire)))
            .filter(|(_, word)| !matches!(Desc::unpack(*word).state, FREE | NONE))
            .collect();
        if seen.is_empty() {
            return Vec::new();
        }
        let live = if self.dead { None } else { live() };
        let gone = |tid| self.dead || live.as_ref().is_some_and(|live| !live.contains(tid));
        let mut ready: Vec<Ready> = seen
            .into_iter()
            .filter_map(|(unit, word)| self.look_at(unit, word, &gone))
            .collect();
        ready.sort_by_key(|chunk| (chunk.begin, chunk.unit));
        if reach == Reach::Complete {
            keep_complete(&mut ready);
        }
        ready
    }

    /// What a chunk whose descriptor was `word` has to be read.
    fn look_at(&self, unit: usize, mut word: u64, gone: &impl Fn(u32) -> bool) -> Option<Ready> {
        let ring = self.ring();
        let desc = Desc::unpack(word);
        if desc.state == OWNED {
            let owner_gone = gone(desc.tid);
            match content_of(&ring, unit, word) {
                // Being opened, or taken back.
                Content::Nothing | Content::Former(_) if !owner_gone => return None,
                Content::Former(_) => word = thalweg_ring::hand_over_for_gone(&ring, unit, word)?,
                _ => {}
            }
        }
        let desc = Desc::unpack(word);
        let owner = match desc.state {
            OWNED => desc,
            // A thread could take it back while it is read.
            FULL if self.overwrites && !self.dead => return None,
            _ => owner_of(&ring, unit),
        };
        let gone = gone(owner.tid);
        let begin = ring.word(unit * UNIT_WORDS + chunk::BEGIN).load(Relaxed);
        let thread = ThreadKey {
            program: self.nonce(),
            index: desc.thread,
            tid: owner.tid,
        };
        Some(Ready {
            thread,
            unit,
            begin,
            complete: desc.state != OWNED || gone,
            gone,
            owner,
        })
    }
}

/// Keeps the chunks that their threads are done with, up to the first of a thread that is not: it was
/// under way when it was looked at, and may not be any more.
fn keep_complete(ready: &mut Vec<Ready>) {
    let mut under_way = HashSet::new();
    ready.retain(|chunk| {
        if !chunk.complete {
            under_way.insert(chunk.thread);
        }
        !under_way.contains(&chunk.thread)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(tid: u32, begin: u64, complete: bool) -> Ready {
        Ready {
            thread: ThreadKey {
                program: 7,
                index: 0,
                tid,
            },
            unit: begin as usize,
            begin,
            complete,
            gone: false,
            owner: Desc::unpack(0),
        }
    }

    #[test]
    fn what_follows_a_chunk_under_way_waits() {
        let mut ready = vec![
            chunk(1, 1, true),
            chunk(1, 2, false),
            chunk(2, 3, true),
            chunk(1, 4, true),
            chunk(2, 5, false),
        ];
        keep_complete(&mut ready);
        let kept: Vec<u64> = ready.iter().map(|chunk| chunk.begin).collect();
        assert_eq!(kept, [1, 3]);
    }
}
