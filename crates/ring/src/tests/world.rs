//! A thread with its ring and its collector, to which something happens at each step.

use super::common::{Collector, emit_at, publish_all, ring};
use crate::step::{Action, abandon, abandoned, with_script};
use crate::{AtomicU64, Cursor, Refused, Slot};
use core::cell::{Cell, RefCell};
use core::sync::atomic::Ordering::Relaxed;
use std::rc::Rc;
use std::thread_local;
use std::vec::Vec;
use thalweg_abi::{chunk, slot};

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
    /// Calls that were told to wait; they are not tried again.
    pub(crate) waits: Cell<u64>,
    chunks: usize,
}

impl World {
    pub(crate) fn new(classes: &'static [u8]) -> Rc<Self> {
        Self::with_mode(classes, slot::DISCARD)
    }

    pub(crate) fn with_mode(classes: &'static [u8], mode: u64) -> Rc<Self> {
        let ring = recycled(classes);
        ring.control(slot::MODE).store(mode, Relaxed);
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
            waits: Cell::new(0),
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
            Err(Refused::Wait { .. }) => self.waits.set(self.waits.get() + 1),
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
        // What is missing was overwritten, to the event; those in flight may be among it.
        let overwritten = collector.overwritten() as usize;
        let uncalled = overwritten.checked_sub(missing.len());
        let uncalled = uncalled.unwrap_or_else(|| panic!("{overwritten} of missing {missing:?}"));
        let extra = seen.len() + missing.len() - written.len() + uncalled;
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
        let is_dirty = |at: &usize| AtomicU64::load(self.ring.word(*at), Relaxed) != 0;
        // The count of what was overwritten stays where it is.
        let counts = |at: &usize| *at % crate::UNIT_WORDS == chunk::TAKEN;
        let dirty = (0..words).filter(is_dirty).find(|at| !counts(at));
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
        for index in [
            slot::REFUSED_NESTED,
            slot::STARVED,
            slot::WAKE,
            slot::MODE,
            slot::WAITING,
        ] {
            slot.control(index).store(0, Relaxed);
        }
        for unit in 0..slot.units_ready() {
            let taken = unit * crate::UNIT_WORDS + chunk::TAKEN;
            slot.word(taken).store(0, Relaxed);
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
        // An event that takes a chunk back clears it, word by word: one word is like the next.
        step += if step > 120 && !takes_every_step() {
            13
        } else {
            1
        };
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

/// In which an event is emitted: `(name, mode, chunks, events before, their extra bytes, gap)`.
type Situation = (&'static str, u64, &'static [u8], usize, usize, u64);

/// Situations in which an event is emitted.
pub(crate) const SITUATIONS: [Situation; 9] = [
    ("first event of a thread", slot::DISCARD, &[0; 4], 0, 0, 0),
    ("in the middle of a chunk", slot::DISCARD, &[0; 4], 5, 0, 0),
    ("after a pause", slot::DISCARD, &[0; 4], 5, 0, 3 << 32),
    ("chunk change", slot::DISCARD, &[0; 4], 168, 0, 0),
    ("change and pause", slot::DISCARD, &[0; 4], 168, 0, 3 << 32),
    ("no chunk left", slot::DISCARD, &[0], 168, 0, 0),
    ("oldest of two", slot::OVERWRITE, &[0; 2], 4, 1996, 0),
    ("the thread's own", slot::OVERWRITE, &[0], 2, 1996, 0),
    ("no chunk left, patient", slot::BLOCK, &[0], 168, 0, 0),
];

/// A world in that situation.
pub(crate) fn in_situation(situation: usize) -> Rc<World> {
    let (_, mode, classes, before, extra, gap) = SITUATIONS[situation];
    let world = World::with_mode(classes, mode);
    world.events(before, extra);
    world.pass(gap);
    world
}

/// How far to go from one distance of a second action to the next: each near one, and fewer of the
/// far ones, most of which are steps of the collector. `THALWEG_RING_EVERY_STEP` (nightly) takes
/// many more.
pub(crate) fn stride(later: u64, step: u64) -> u64 {
    match (takes_every_step(), later) {
        (true, ..150) | (false, ..36) => 1,
        (true, _) => 3 + (later + step) % 11,
        (false, _) => 61 + (later + step) % 301,
    }
}

fn takes_every_step() -> bool {
    std::env::var_os("THALWEG_RING_EVERY_STEP").is_some()
}
