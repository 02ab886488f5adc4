//! Events inside events, as signal handlers emit them.

use super::common::{Collector, emit_at, owner, ring};
use crate::{Cursor, Emit, Payload, Refused, Slot, Stop, Walk};
use core::cell::Cell;
use core::sync::atomic::Ordering::Relaxed;
use std::vec::Vec;
use thalweg_abi::{chunk, desc, slot};

const STACK: u64 = 1 << 40;

struct Thread {
    ring: Slot<'static>,
    cursor: Cursor,
    clock: Cell<u64>,
}

impl Thread {
    fn new(classes: &[u8]) -> Self {
        Self {
            ring: ring(classes),
            cursor: Cursor::new(),
            clock: Cell::new(100),
        }
    }

    fn now(&self) -> u64 {
        self.clock.replace(self.clock.get() + 7)
    }

    /// An event at `depth` in the middle of which `inner` happens.
    fn event(&self, depth: u64, number: u64, inner: impl FnOnce()) -> Result<bool, Refused> {
        let event = Emit {
            site: 1,
            payload_len: 8,
            stack: STACK - depth * 4096,
        };
        let fill = |room: &mut Payload<'_>| {
            inner();
            room.put(&number.to_le_bytes());
        };
        self.cursor
            .emit(&self.ring, owner(0), event, || self.now(), || 0, fill)
    }

    fn nest(&self, depth: u64, deepest: u64) -> u64 {
        let refused = Cell::new(0);
        let result = self.event(depth, depth, || {
            if depth < deepest {
                refused.set(self.nest(depth + 1, deepest));
            }
        });
        refused.get() + u64::from(result == Err(Refused::TooDeep))
    }
}

#[test]
fn seven_events_are_nested_and_an_eighth_is_refused() {
    for (deepest, expected) in [(0, 0), (3, 0), (6, 0), (7, 1)] {
        let thread = Thread::new(&[0]);
        assert_eq!(thread.nest(0, deepest), expected);
        let refused = thread.ring.control(slot::REFUSED_NESTED).load(Relaxed);
        assert_eq!(refused, expected);
        let mut collector = Collector::new(thread.ring);
        collector.poll(|_| false);
        let whole: Vec<u64> = (0..=deepest - expected).collect();
        assert_eq!(collector.numbers(0), whole);
        collector.check_order(0);
        assert_eq!(collector.torn, 0);
        thread.event(0, 99, || ()).unwrap();
        collector.drain();
        assert_eq!(collector.numbers(0).last(), Some(&99));
    }
}

#[test]
fn an_outer_event_is_waited_for_though_its_chunk_was_handed_over() {
    let thread = Thread::new(&[0; 3]);
    let mut collector = Collector::new(thread.ring);
    thread
        .event(0, 1000, || {
            for number in 0..200 {
                emit_at(
                    &thread.ring,
                    &thread.cursor,
                    0,
                    number,
                    0,
                    || thread.now(),
                    STACK - 4096,
                )
                .unwrap();
            }
            collector.poll(|_| false);
            let first = desc::Desc::unpack(thread.ring.desc(0).load(Relaxed));
            assert_eq!(
                first.state,
                desc::FULL,
                "not freed: an event in it is under way"
            );
            assert!(!collector.numbers(0).contains(&0));
        })
        .unwrap();
    collector.drain();
    let whole: Vec<u64> = core::iter::once(1000).chain(0..200).collect();
    assert_eq!(collector.numbers(0), whole);
    assert_eq!(collector.torn, 0);
    collector.check_order(0);
}

#[test]
fn events_behind_one_that_never_ends_are_found_and_their_times_are_exact() {
    // Long pauses before each, so that all records carry their whole times.
    let thread = Thread::new(&[0; 2]);
    thread.event(0, 1, || ()).unwrap();
    let mut inner_time = 0;
    let left = crate::step::abandoned(|| {
        thread.clock.set(thread.clock.get() + (5 << 32));
        let _ = thread.event(0, 2, || {
            thread.event(1, 3, || ()).unwrap();
            inner_time = thread.clock.get() - 7;
            crate::step::abandon();
        });
    });
    assert!(left);
    let mut collector = Collector::new(thread.ring);
    collector.poll(|_| false);
    assert_eq!(collector.numbers(0), [1], "the open event is waited for");
    thread.event(0, 4, || ()).unwrap();
    collector.poll(|_| false);
    assert_eq!(collector.numbers(0), [1, 3, 4]);
    assert_eq!(collector.times(0)[1..], [inner_time, inner_time + 7]);
    assert_eq!(collector.torn, 1);
}

#[test]
fn a_deeper_event_than_the_abandoned_one_cannot_tell_and_the_collector_passes_it_by() {
    let thread = Thread::new(&[0; 2]);
    crate::step::abandoned(|| {
        let _ = thread.event(0, 1, crate::step::abandon);
    });
    thread.event(1, 2, || ()).unwrap();
    let mut scratch = std::vec![0; 512];
    let mut walk = Walk::new(thread.ring, 0, 0, false);
    assert_eq!(
        walk.next(u64::MAX, &mut scratch).unwrap_err(),
        Stop::Pending
    );
    assert!(walk.pass_pending(u64::MAX));
    assert!(!walk.pass_pending(u64::MAX), "the next one is complete");
    assert!(walk.next(u64::MAX, &mut scratch).is_ok());
    assert_eq!(
        (walk.torn(), walk.next(u64::MAX, &mut scratch)),
        (1, Err(Stop::End))
    );
    assert!(crate::is_pending(&thread.ring, 0, 0, chunk::FIRST));
    thread.event(0, 3, || ()).unwrap();
    assert!(
        !crate::is_pending(&thread.ring, 0, 0, chunk::FIRST),
        "known to be torn now"
    );
}

#[test]
fn a_chunk_may_begin_while_its_reader_waits() {
    // The walk is made before the owner wrote the chunk's head.
    let ring = ring(&[0]);
    let mut walk = Walk::new(ring, 0, 0, false);
    let mut scratch = [0; 512];
    assert_eq!(walk.next(u64::MAX, &mut scratch), Err(Stop::End));
    emit_at(&ring, &Cursor::new(), 0, 5, 0, || 7 << 33, STACK).unwrap();
    assert_eq!(
        walk.next(u64::MAX, &mut scratch).unwrap().time,
        (7 << 33) + 1
    );
}
