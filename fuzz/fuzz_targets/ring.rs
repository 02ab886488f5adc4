//! A slot's memory as a hostile program may leave it, walked as the collector does, while the
//! program changes it.
//!
//! The first bytes say how the walk goes on; the rest is the chunk space, and changes to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::atomic::Ordering::Relaxed;
use thalweg_abi::{desc::Desc, slot};
use thalweg_ring::{
    AtomicU64, Content, Parts, Slot, Stop, UNIT_WORDS, Walk, chunk_words, content_of,
    hand_over_for_gone, is_pending, last_time, settle, tally_of,
};

/// As many as the largest chunk among the seeds takes.
const UNITS: usize = 4;
const NOT_AFTER: u64 = 1 << 62;

fuzz_target!(|bytes: &[u8]| {
    let words: Vec<u64> = bytes
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
        .collect();
    let Some((&desc, words)) = words.split_first() else {
        return;
    };
    let (space, changes) = words.split_at(words.len() * 3 / 4);
    let table = |len: usize| -> Vec<AtomicU64> { (0..len).map(|_| AtomicU64::new(0)).collect() };
    let (control, masks, descs, lost, chunks) = (
        table(slot::CONTROL_WORDS),
        table(slot::GROUP_WORDS),
        table(UNITS),
        table(1),
        table(UNITS * UNIT_WORDS),
    );
    let ring = Slot::from_parts(Parts {
        control: &control,
        masks: &masks,
        descs: &descs,
        lost: &lost,
        chunks: &chunks,
    });
    for (to, word) in chunks.iter().zip(space) {
        to.store(*word, Relaxed);
    }
    walk(ring, Desc::unpack(desc), changes);
    hand_over(ring, desc);
});

fn walk(ring: Slot<'_>, found: Desc, changes: &[u64]) {
    let unit = found.thread as usize % (UNITS + 1);
    let walk = Walk::new(ring, unit, found.class, found.tid & 1 == 0);
    let mut walk = walk.resume(found.generation as usize, 0);
    let mut scratch = vec![0; chunk_words(4)];
    let mut changes = changes.iter();
    // A collector that does not wait passes what is pending without having looked.
    let impatient = found.tid & 2 != 0;
    for _ in 0..=chunk_words(4) {
        let (before, torn) = (walk.position(), walk.torn());
        if impatient && walk.pass_pending(NOT_AFTER) {
            assert!(walk.position() > before, "what was pending is passed");
            continue;
        }
        let usual = walk.run(NOT_AFTER).peek();
        let next = walk.next(NOT_AFTER, &mut scratch);
        if let Some(usual) = usual {
            let record = next.as_ref().expect("a walk finds what a run does");
            assert_eq!((record.site, record.time), (usual.site, usual.time));
            assert!(usual.body().eq(record.body.iter().copied()));
        }
        match next {
            Ok(record) => {
                assert!(record.time <= NOT_AFTER);
                assert_eq!(record.time, walk.time());
            }
            Err(Stop::Pending) if walk.pass_pending(NOT_AFTER) => {}
            Err(_) => {
                let _ = is_pending(&ring, unit, found.class, walk.position());
                return;
            }
        }
        assert!(walk.position() > before, "a walk goes on");
        assert!(walk.torn() >= torn, "what was torn stays so");
        if let Some(&change) = changes.next() {
            let at = change as usize % (UNITS * UNIT_WORDS);
            ring.word(at).store(change.rotate_left(20), Relaxed);
        }
    }
    panic!("a walk must end within its chunk");
}

/// The chunk of a thread that is gone, as the collector of a flight recorder makes it full: what is
/// counted and the last time stay as they were.
fn hand_over(ring: Slot<'_>, word: u64) {
    let found = Desc::unpack(word);
    let unit = found.thread as usize % UNITS;
    ring.desc(unit).store(word, Relaxed);
    let state = || {
        (
            tally_of(&ring, unit, found.class),
            last_time(&ring, unit, found.class),
        )
    };
    let before = state();
    assert!(before.0.committed + before.0.unfinished <= chunk_words(4) as u64);
    let content = content_of(&ring, unit, word);
    match hand_over_for_gone(&ring, unit, word) {
        Some(full) => {
            assert_eq!(state(), before);
            settle(&ring, unit, full);
            assert_eq!(ring.desc(unit).load(Relaxed), full, "it can be taken back");
        }
        None => assert_eq!(content, Content::Nothing),
    }
}
