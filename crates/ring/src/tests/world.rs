//! A thread with its ring and its collector, to which something happens at each step.

use super::common::{Collector, emit_at, publish_all, ring};
use crate::step::{Action, abandon, abandoned, with_script};
use crate::{AtomicU64, Cursor, Refused, Slot};
use core::cell::{Cell, RefCell};
use core::sync::atomic::Ordering::Relaxed;
use std::rc::Rc;
use std::thread_local;
use std::vec::Vec;
use thalweg_abi::slot;

/// The stack address of the thread's own events.
const STACK: u64 = 1 << 40;
/// How far down the stack a handler's events are.
const HANDLER_BYTES: u64 = 8192;

pub(crate) struct World {
    pub(crate) ring: Slot<'static>,
    pub(crate) collector: RefCell<Collector>,
    cursor: Cursor,
    clock: Cell<u64>,
    /// Cycles from one reading of the clock to the next.
    pub(crate) pace: Cell<u64>,
    next: Cell<u64>,
    depth: Cell<u64>,
    /// Where handlers run: below the thread's frames, or on another stack just above them.
    pub(crate) above: Cell<bool>,
    /// Events whose call returned.
    pub(crate) written: RefCell<Vec<u64>>,
    pub(crate) lost: Cell<u64>,
    pub(crate) too_deep: Cell<u64>,
    chunks: usize,
}

impl World {
    pub(crate) fn new(classes: &'static [u8]) -> Rc<Self> {
        let ring = recycled(classes);
        Rc::new(Self {
            ring,
            collector: RefCell::new(Collector::new(ring)),
            cursor: Cursor::new(),
            clock: Cell::new(1000),
            pace: Cell::new(5),
            next: Cell::new(0),
            depth: Cell::new(0),
            above: Cell::new(false),
            written: RefCell::default(),
            lost: Cell::new(0),
            too_deep: Cell::new(0),
            chunks: classes.len(),
        })
    }

    /// Time goes on by this much.
    pub(crate) fn pass(&self, cycles: u64) {
        self.clock.set(self.clock.get() + cycles);
    }

    fn stack(&self) -> u64 {
        let below = self.depth.get() * HANDLER_BYTES;
        if self.above.get() && self.depth.get() > 0 {
            STACK + (1 << 19) - below
        } else {
            STACK - below
        }
    }

    pub(crate) fn event(&self, extra: usize) {
        let number = self.next.replace(self.next.get() + 1);
        let clock = || self.clock.replace(self.clock.get() + self.pace.get());
        let stack = self.stack();
        match emit_at(&self.ring, &self.cursor, 1, number, extra, clock, stack) {
            Ok(_) => self.written.borrow_mut().push(number),
            Err(Refused::Full { .. }) => self.lost.set(self.lost.get() + 1),
            Err(Refused::TooDeep) => self.too_deep.set(self.too_deep.get() + 1),
            Err(Refused::TooLarge) => panic!("no event here is too large"),
        }
    }

    pub(crate) fn events(&self, count: usize, extra: usize) {
        (0..count).for_each(|_| self.event(extra));
    }

    pub(crate) fn poll(&self) {
        // A step inside the collector is not a step of the thread, but may be taken for one.
        if let Ok(mut collector) = self.collector.try_borrow_mut() {
            collector.poll(|_| false);
        }
    }

    /// A signal handler that does this.
    pub(crate) fn handler(self: &Rc<Self>, body: impl Fn(&Self) + 'static) -> Action {
        let world = Rc::clone(self);
        Rc::new(move || {
            world.depth.set(world.depth.get() + 1);
            body(&world);
            world.depth.set(world.depth.get() - 1);
        })
    }

    /// A jump out of all that is under way, or the thread's death.
    pub(crate) fn leave() -> Action {
        Rc::new(abandon)
    }

    /// Runs `body`, which may be left; the thread's stack is then where it was.
    pub(crate) fn jump_target(&self, body: impl FnOnce()) -> bool {
        let depth = self.depth.get();
        let left = abandoned(body);
        self.depth.set(depth);
        left
    }

    /// Reads everything after the thread is gone, and checks what holds whatever happened. At most
    /// `in_flight` events may be torn, or be recorded although their call did not return.
    #[track_caller]
    pub(crate) fn check(&self, in_flight: usize) {
        let mut collector = self.collector.borrow_mut();
        collector.drain();
        assert_eq!(collector.violations, 0, "violations");
        collector.check_order(1);
        let mut seen = collector.numbers(1);
        seen.sort_unstable();
        let mut once = seen.clone();
        once.dedup();
        assert_eq!(seen, once, "an event was read twice");
        let written = self.written.borrow();
        let missing: Vec<_> = written
            .iter()
            .filter(|at| seen.binary_search(at).is_err())
            .collect();
        assert!(missing.is_empty(), "missing: {missing:?}");
        let extra = seen.len() - written.len();
        let torn = collector.torn as usize;
        assert!(extra + torn <= in_flight, "{extra} extra and {torn} torn");
        let lost = self.ring.lost(1).load(Relaxed);
        assert!(lost - self.lost.get() <= in_flight as u64);
        let deep = self.ring.control(slot::REFUSED_NESTED).load(Relaxed);
        assert_eq!(deep, self.too_deep.get());
        assert_eq!(collector.free_chunks(), self.chunks, "a chunk leaked");
        self.check_clear();
    }

    /// A free chunk is clear.
    #[track_caller]
    fn check_clear(&self) {
        let words = self.ring.units_ready() * crate::UNIT_WORDS;
        let dirty = (0..words).find(|&at| AtomicU64::load(self.ring.word(at), Relaxed) != 0);
        assert_eq!(dirty, None, "a free chunk has words in it");
    }
}

thread_local! {
    static RINGS: RefCell<Vec<(&'static [u8], Slot<'static>)>> = const { RefCell::new(Vec::new()) };
}

/// A ring with these chunks: the same memory for each world in turn, of which `check` made sure
/// that it is clear again.
fn recycled(classes: &'static [u8]) -> Slot<'static> {
    RINGS.with_borrow_mut(|rings| {
        let at = rings.iter().position(|(known, _)| *known == classes);
        let (_, slot) = at.map_or_else(|| (classes, ring(classes)), |at| rings.remove(at));
        rings.push((classes, slot));
        for index in [slot::REFUSED_NESTED, slot::STARVED, slot::WAKE] {
            slot.control(index).store(0, Relaxed);
        }
        slot.lost(1).store(0, Relaxed);
        publish_all(&slot, classes);
        slot
    })
}

/// Runs `scenario` with one more thing happening at each step, until it is behind the last one;
/// the number of steps. `scenario` gets the script's step and says whether all of it happened.
pub(crate) fn at_every_step(mut scenario: impl FnMut(u64) -> bool) -> u64 {
    let mut step = 1;
    while scenario(step) {
        step += 1;
    }
    assert!(step > 10, "an event has more steps than {step}");
    step
}

/// Runs `body` with a script; whether all of the script happened.
pub(crate) fn scripted(script: &[(u64, Action)], body: impl FnOnce()) -> bool {
    with_script(script, body).1
}

/// Drops what a script did not come to because its body was left.
pub(crate) fn forget_script() {
    with_script(&[], || ());
}

/// Situations in which an event is emitted: `(name, chunks, events before, gap before)`.
pub(crate) const SITUATIONS: [(&str, &[u8], usize, u64); 6] = [
    ("first event of a thread", &[0; 4], 0, 0),
    ("in the middle of a chunk", &[0; 4], 5, 0),
    ("after a long pause", &[0; 4], 5, 3 << 32),
    ("chunk change", &[0; 4], 168, 0),
    ("chunk change after a long pause", &[0; 4], 168, 3 << 32),
    ("no chunk left", &[0], 168, 0),
];

/// A world in that situation.
pub(crate) fn in_situation(situation: usize) -> Rc<World> {
    let (_, classes, before, gap) = SITUATIONS[situation];
    let world = World::new(classes);
    world.events(before, 0);
    world.pass(gap);
    world
}

/// How far to go from one distance of a second action to the next: each near one, and fewer of the
/// far ones, most of which are steps of the collector. `THALWEG_RING_EVERY_STEP` (nightly) takes
/// many more.
pub(crate) fn stride(later: u64, step: u64) -> u64 {
    let every = std::env::var_os("THALWEG_RING_EVERY_STEP").is_some();
    match (every, later) {
        (true, ..150) | (false, ..36) => 1,
        (true, _) => 3 + (later + step) % 11,
        (false, _) => 61 + (later + step) % 301,
    }
}
