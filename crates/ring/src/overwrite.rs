//! The flight recorder: who finds no free chunk takes the oldest full one back, whoever wrote it.
//!
//! ```text
//!   find the oldest ── FULL → OWNED ── count what is in it ── one store says so ── clear ── open
//!                       ▲ one compare-and-swap decides        ▲ before: kept, if we die
//!                                                               after: overwritten
//! ```
//!
//! No thread waits for another, and who dies in between leaves a chunk of which the collector can
//! tell whether its records were counted ([`content_of`]).
//!
//! Invariants: a record is counted as overwritten exactly once, before it is cleared; a chunk in
//! which somebody may still be writing is not taken back.

use crate::claim::{Claim, Owner};
use crate::leave::Held;
use crate::slot::{Slot, UNIT_WORDS, chunk_words};
use crate::sync::{AcqRel, Acquire, Relaxed, Release, handler_fence};
use crate::walk::{Tally, Walk};
use thalweg_abi::chunk::{self, Taken};
use thalweg_abi::desc::{Age, Desc, FULL, NONE, OWNED, READING, STATE_MASK, next_generation};
use thalweg_abi::slot;

/// The order in which chunks are taken back: by the last record's time, and where they lie.
type Turn = (Age, usize);

impl Slot<'_> {
    /// The oldest full chunk with room for `need_words`, taken back and cleared.
    #[cold]
    pub(crate) fn take_oldest(&self, owner: Owner, need_words: usize) -> Option<Claim> {
        let mut tried = None;
        while let Some((turn, word)) = self.oldest_after(tried, need_words) {
            tried = Some(turn);
            let claim = self.take_full(owner, turn.1, word);
            if claim.is_some() {
                return claim;
            }
        }
        None
    }

    /// The oldest full chunk that is younger than `tried`, and its descriptor's word.
    fn oldest_after(&self, tried: Option<Turn>, need_words: usize) -> Option<(Turn, u64)> {
        let mut oldest: Option<(Turn, u64)> = None;
        let (mut unit, ready) = (0, self.units_ready());
        while unit < ready {
            // ORDER(full): Acquire, pairs with the Release exchange in `move_held`.
            let word = self.desc(unit).load(Acquire);
            let desc = Desc::unpack(word);
            let words = self.words_of(unit, desc.class);
            let span = (words / UNIT_WORDS).max(1);
            let fits = unit + span <= ready && words >= chunk::FIRST + need_words;
            if desc.state == FULL && fits {
                let turn = (Age::of(word), unit);
                let in_turn = tried.is_none_or(|tried| turn > tried);
                if in_turn && oldest.is_none_or(|(best, _)| turn < best) {
                    oldest = Some((turn, word));
                }
            }
            unit += if desc.state == NONE { 1 } else { span };
        }
        oldest
    }

    /// Takes the full chunk at `unit`, if its descriptor still is `word` and all that were writing
    /// into it are done.
    fn take_full(&self, owner: Owner, unit: usize, word: u64) -> Option<Claim> {
        let class = Desc::unpack(word).class;
        let former = self.head(unit, chunk::OWNER);
        let owned = Desc {
            state: OWNED,
            class,
            thread: owner.thread,
            tid: owner.tid,
            // Looked at before the chunk is ours: if it is another by then, the exchange fails.
            generation: next_generation(Desc::unpack(former.load(Relaxed)).generation),
        };
        let desc = owned.pack();
        // ORDER(full): Acquire, as above.
        self.desc(unit)
            .compare_exchange(word, desc, AcqRel, Relaxed)
            .ok()?;
        let held = Held { unit, desc };
        let tally = self.tally(unit, class);
        let settled = self.head(unit, chunk::SETTLED).load(Relaxed);
        if tally.unfinished > 0 && settled != former.load(Relaxed) {
            self.put_back(held, word);
            return None;
        }
        self.count_taken(held, tally.committed);
        self.clear(unit, class, chunk_words(class));
        Some(Claim { held, class })
    }

    /// Makes a chunk full again that was taken and not touched; the collector shall look at it.
    fn put_back(&self, held: Held, full: u64) {
        self.move_held(held, full);
        self.control(slot::STARVED)
            .fetch_or(slot::UNSETTLED, Relaxed);
    }

    /// Counts records as overwritten. After this store nobody reads them any more.
    fn count_taken(&self, held: Held, records: u64) {
        let taken = self.head(held.unit, chunk::TAKEN);
        let before = Taken::unpack(taken.load(Relaxed));
        let after = Taken {
            generation: Desc::unpack(held.desc).generation,
            count: before.count.wrapping_add(records),
        };
        handler_fence();
        taken.store(after.pack(), Release);
        handler_fence();
    }

    /// What a chunk holds that this recording would have told of: not what an earlier one began
    /// before this one did, and not what is on disk already.
    pub(crate) fn tally(&self, unit: usize, class: u8) -> Tally {
        let from = self.control(slot::SESSION).load(Relaxed);
        let consumed = self.head(unit, chunk::CONSUMED).load(Relaxed);
        Walk::new(*self, unit, class, true).tally(from, consumed)
    }

    /// Clears the first `words` words of a chunk, but not the count of what was overwritten.
    pub(crate) fn clear(&self, unit: usize, class: u8, words: usize) {
        let words = words.min(self.words_of(unit, class));
        let words = self.range(unit * UNIT_WORDS, words);
        let (before, rest) = words.split_at(words.len().min(chunk::TAKEN));
        let behind = rest.get(1..).unwrap_or_default();
        for word in before.iter().chain(behind) {
            word.store(0, Relaxed);
        }
    }

    /// A word of a chunk's head.
    pub(crate) fn head(&self, unit: usize, word: usize) -> &crate::AtomicU64 {
        self.word(unit * UNIT_WORDS + word)
    }
}

/// Whose records an owned chunk holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The owner's.
    Own,
    /// Those of the owner before, with this descriptor then: it was taken from that one, and they
    /// are not counted as overwritten.
    Former(Desc),
    /// Nothing: it is new, or what it held is counted as overwritten and being cleared.
    Nothing,
}

/// Whose records the chunk at `unit` holds whose descriptor was `seen` with state OWNED.
pub fn content_of(slot: &Slot<'_>, unit: usize, seen: u64) -> Content {
    // ORDER(open): Acquire, pairs with the Release store in `open_chunk`.
    let owner = slot.head(unit, chunk::OWNER).load(Acquire);
    if owner == seen {
        return Content::Own;
    }
    let counted = Taken::unpack(slot.head(unit, chunk::TAKEN).load(Acquire));
    if owner == 0 || counted.generation == Desc::unpack(seen).generation {
        return Content::Nothing;
    }
    Content::Former(Desc::unpack(owner))
}

/// How many records were overwritten in the chunk at `unit`, of all owners.
pub fn overwritten(slot: &Slot<'_>, unit: usize) -> u64 {
    Taken::unpack(slot.head(unit, chunk::TAKEN).load(Relaxed)).count
}

/// Counts the records of a chunk as overwritten, for a thread that is gone or does not go on.
pub fn tally_of(slot: &Slot<'_>, unit: usize, class: u8) -> Tally {
    slot.tally(unit, class)
}

/// Hands over, for an owner that is gone, a chunk whose descriptor was `seen`: its own records, or
/// those of the owner before if it died taking them back. The descriptor's word then; `None` if there
/// was nothing, or somebody else was faster.
///
/// What its last event left behind the last record is cleared, and what is not complete never will
/// be.
pub fn hand_over_for_gone(slot: &Slot<'_>, unit: usize, seen: u64) -> Option<u64> {
    let desc = Desc::unpack(seen);
    let (end, last) = Walk::new(*slot, unit, desc.class, true).end();
    let owner = match content_of(slot, unit, seen) {
        Content::Own => {
            for at in end..slot.words_of(unit, desc.class) {
                slot.head(unit, at).store(0, Relaxed);
            }
            vouch(slot, unit);
            desc
        }
        // The former owner handed it over itself, and may live and complete a record.
        Content::Former(former) => {
            slot.head(unit, chunk::SETTLED).store(0, Relaxed);
            Desc {
                thread: former.thread,
                tid: former.tid,
                ..desc
            }
        }
        Content::Nothing => return None,
    };
    // Before the descriptor: with this alone the chunk still is what it was.
    slot.head(unit, chunk::OWNER).store(owner.pack(), Release);
    let full = owner.full(Age::at(last));
    // ORDER(full): Release, pairs with the Acquire load in `oldest_after`.
    let given = slot
        .desc(unit)
        .compare_exchange(seen, full, AcqRel, Relaxed);
    given.is_ok().then_some(full)
}

/// The descriptor that the owner of a full chunk had, by the chunk's head.
pub fn owner_of(slot: &Slot<'_>, unit: usize) -> Desc {
    Desc::unpack(slot.head(unit, chunk::OWNER).load(Relaxed))
}

/// Vouches that no record of a full chunk will be completed any more, so that it can be taken back;
/// unless its descriptor is not `seen` any more.
pub fn settle(slot: &Slot<'_>, unit: usize, seen: u64) {
    if let Some(held) = hold(slot, unit, seen) {
        vouch(slot, unit);
        let_go(slot, unit, held);
    }
}

fn vouch(slot: &Slot<'_>, unit: usize) {
    let owner = slot.head(unit, chunk::OWNER).load(Relaxed);
    slot.head(unit, chunk::SETTLED).store(owner, Relaxed);
}

/// The time of the last record in a chunk, as far as it makes sense.
pub fn last_time(slot: &Slot<'_>, unit: usize, class: u8) -> u64 {
    Walk::new(*slot, unit, class, true).end().1
}

/// Keeps a full chunk from being taken back while it is read, if its descriptor still is `seen`; the
/// descriptor's word then.
pub fn hold(slot: &Slot<'_>, unit: usize, seen: u64) -> Option<u64> {
    change(slot, unit, seen, FULL, READING)
}

/// Lets a chunk be taken back again that was held.
pub fn let_go(slot: &Slot<'_>, unit: usize, held: u64) {
    let _ = change(slot, unit, held, READING, FULL);
}

/// Changes a descriptor's state alone, if it is `seen` and the state there is `from`.
fn change(slot: &Slot<'_>, unit: usize, seen: u64, from: u64, to: u64) -> Option<u64> {
    let word = seen & !STATE_MASK | to;
    let changed = || {
        slot.desc(unit)
            .compare_exchange(seen, word, AcqRel, Acquire)
    };
    (seen & STATE_MASK == from && changed().is_ok()).then_some(word)
}
