//! Chunks whose memory the collector takes away.

use super::common::{Collector, emit_at, ring};
use crate::{Cursor, publish_free, withdraw};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::desc::NONE;

#[test]
fn a_free_chunk_is_withdrawn_and_nobody_finds_it_until_it_is_back() {
    let ring = ring(&[0]);
    let seen = ring.desc(0).load(Relaxed);
    assert!(withdraw(&ring, 0, seen));
    assert_eq!(ring.desc(0).load(Relaxed), NONE);
    let cursor = Cursor::new();
    emit_at(&ring, &cursor, 0, 0, 0, || 1, 1 << 40).unwrap_err();
    publish_free(&ring, 0, 0, 1);
    emit_at(&ring, &cursor, 0, 1, 0, || 2, 1 << 40).unwrap();
    let mut collector = Collector::new(ring);
    collector.drain();
    assert_eq!(collector.numbers(0), [1]);
}

#[test]
fn a_chunk_that_somebody_has_or_had_meanwhile_stays() {
    let ring = ring(&[0]);
    let seen = ring.desc(0).load(Relaxed);
    emit_at(&ring, &Cursor::new(), 0, 1, 0, || 2, 1 << 40).unwrap();
    assert!(!withdraw(&ring, 0, seen), "it is owned");
    assert!(!withdraw(&ring, 0, ring.desc(0).load(Relaxed)));
    Collector::new(ring).drain();
    assert!(!withdraw(&ring, 0, seen), "it was owned meanwhile");
    assert!(withdraw(&ring, 0, ring.desc(0).load(Relaxed)));
}
