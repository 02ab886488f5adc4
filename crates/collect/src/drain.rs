//! One pass over the programs of an output: what is ready goes to disk, and its room is freed.
//!
//! ```text
//!   chunk ─walk─┬─ thread has a lane ──▶ one packet (own) ─────────────────┐
//!               └─ thread shares ─▶ merge by time ─▶ packets (shared) ───────┤
//!   chunk ◀── clear, free, or note how far it is on disk ◀──────────────────┘
//! ```
//!
//! Invariant: a record's room is freed only after the packet that holds it was written, or its
//! loss was counted.

use std::collections::{HashMap, HashSet};

use thalweg_ring::Stop;

use crate::output::{Emitter, Output};
use crate::own::{self, Target, UnderWay};
use crate::process::Threads;
use crate::program::{Program, Reach, Ready, ThreadKey, Window};
use crate::shared;

/// What a pass needs to know of the world.
pub(crate) struct Pass<'a> {
    pub(crate) reach: Reach,
    /// From when on events are wanted, and the time when the pass began.
    pub(crate) window: Window,
    /// The time: a write may have taken long since the pass began.
    pub(crate) now: &'a dyn Fn() -> u64,
    /// No pass follows: nothing is left to the next one.
    pub(crate) is_last: bool,
    /// The threads of a program that are alive, if that can be told.
    pub(crate) live: &'a dyn Fn(&Program) -> Option<Threads>,
    /// What is on disk of a thread already: for whoever goes on after a crash.
    pub(crate) on_disk: &'a dyn Fn(&Program, ThreadKey) -> Option<u64>,
}

impl Pass<'_> {
    /// Before this time nobody is in the middle of anything: a second ago.
    pub(crate) fn calm(&self) -> u64 {
        self.window.now.saturating_sub(self.window.second)
    }

    /// The window as it is at this moment.
    pub(crate) fn fresh(&self) -> Window {
        Window {
            now: (self.now)(),
            ..self.window
        }
    }

    pub(crate) fn window_of(&self, program: &Program, thread: ThreadKey) -> Window {
        let from = (self.on_disk)(program, thread).map_or(0, |end| end + 1);
        Window {
            from: self.window.from.max(from),
            ..self.fresh()
        }
    }
}

/// Drains all programs once; how many chunks had something.
pub(crate) fn drain(programs: &mut [Program], output: &mut Output, pass: &Pass<'_>) -> usize {
    let mut found = 0;
    let mut sharing = Vec::new();
    // What sharing threads have not finished decides how far the others can be merged.
    let reach = if output.lanes.is_sharing(None) {
        Reach::All
    } else {
        pass.reach
    };
    let drained = programs.iter_mut().enumerate();
    for (index, program) in drained.filter(|(_, program)| !program.is_kept()) {
        let before = pass.fresh();
        let mut ready = program.ready(reach, || (pass.live)(program));
        if !pass.is_last && !program.is_dead() {
            ready.retain(|chunk| !before.is_too_early_for(chunk.begin));
        }
        found += ready.iter().filter(|chunk| chunk.complete).count();
        let shared = drain_program(program, output, pass, &ready);
        sharing.extend(shared.into_iter().map(|ready| (index, ready)));
    }
    let worth_it = |(_, chunk): &(usize, Ready)| chunk.complete || pass.reach == Reach::All;
    if sharing.iter().any(worth_it) {
        shared::drain(programs, output, pass, &sharing);
    }
    found
}

/// Drains the threads that have lanes of their own; the chunks of those that share.
fn drain_program(
    program: &mut Program,
    output: &mut Output,
    pass: &Pass<'_>,
    ready: &[Ready],
) -> Vec<Ready> {
    let mut sharing = Vec::new();
    let mut under_way = UnderWay::default();
    for chunks in by_thread(ready) {
        let thread = chunks[0].thread;
        let last = chunks.last().map(|chunk| chunk.unit);
        let takes_all = pass.reach == Reach::All || output.lanes.is_sharing(Some(thread));
        let wanted = chunks
            .into_iter()
            .filter(|chunk| chunk.complete || takes_all);
        let (spoiled, wanted): (Vec<_>, Vec<_>) = wanted.partition(|c| program.is_spoiled(c));
        for chunk in &spoiled {
            finish(program, chunk, Stop::End, pass.calm());
        }
        let Some(first) = wanted.first() else {
            continue;
        };
        let context = Emitter::of(program, thread).encode();
        let lane = match output.lane_for(thread, first.begin, &context) {
            Ok(None) => {
                sharing.extend(wanted);
                continue;
            }
            Ok(lane) => lane,
            Err(error) => {
                output.fail(&error);
                None
            }
        };
        let target = Target {
            lane,
            context: &context,
        };
        own::drain(program, output, pass, &wanted, (target, &mut under_way));
        let is_last_of_gone = |chunk: &Ready| chunk.gone && Some(chunk.unit) == last;
        if wanted.last().is_some_and(is_last_of_gone) {
            under_way.settle(program, output);
            output.release(thread);
        }
    }
    under_way.settle(program, output);
    sharing
}

/// The chunks of each thread, the oldest first, and so the threads.
fn by_thread(ready: &[Ready]) -> Vec<Vec<Ready>> {
    let mut of_thread = HashMap::new();
    let mut threads: Vec<Vec<Ready>> = Vec::new();
    for chunk in ready {
        let at = *of_thread.entry(chunk.thread).or_insert(threads.len());
        match threads.get_mut(at) {
            Some(chunks) => chunks.push(*chunk),
            None => threads.push(vec![*chunk]),
        }
    }
    threads
}

/// Frees a chunk that was read to its end; of one that makes no sense nothing more is believed.
pub(crate) fn finish(program: &mut Program, chunk: &Ready, stop: Stop, calm: u64) {
    if stop == Stop::Violation {
        program.spoil(chunk.unit);
    }
    if chunk.complete && stop != Stop::Pending && !program.must_wait(chunk, calm) {
        program.free(chunk);
    }
}

/// Frees the lanes of threads that are gone and have nothing left to read.
pub(crate) fn release_lanes(program: &Program, output: &mut Output, live: Option<&Threads>) {
    let alive = |tid: u32| !program.is_dead() && live.is_none_or(|live| live.contains(tid));
    let candidates: Vec<ThreadKey> = output
        .lanes
        .threads_of(program.nonce())
        .into_iter()
        .filter(|thread| !alive(thread.tid))
        .collect();
    if candidates.is_empty() {
        return;
    }
    let owners: HashSet<ThreadKey> = program
        .ready(Reach::All, || None)
        .into_iter()
        .map(|chunk| chunk.thread)
        .collect();
    for thread in candidates
        .into_iter()
        .filter(|thread| !owners.contains(thread))
    {
        output.release(thread);
    }
}

/// Tells, in the trace and in the ledger, what a program's own counters say was lost or overwritten.
pub(crate) fn count_losses(program: &mut Program, output: &mut Output) {
    let fresh = program.take_losses();
    let mut ledger = std::mem::take(&mut program.ledger);
    for (cause, count) in &fresh {
        output.lose_somewhere(*cause, *count, &mut ledger);
    }
    program.ledger = ledger;
    program.note_told(&fresh);
}
