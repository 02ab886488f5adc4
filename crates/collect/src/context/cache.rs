//! The contexts of threads as they were seen last, ready to be written.

use std::collections::HashMap;
use std::path::PathBuf;

use super::set::ContextSet;
use super::values::Values;
use crate::output::Emitter;
use crate::program::{Program, Ready, ThreadKey, Window};

/// More threads than this are remembered only if they are of many programs: one that makes threads
/// up is forgotten.
const MAX_THREADS: usize = 1 << 16;

/// The contexts of an output's events.
#[derive(Debug, Default)]
pub(crate) struct EventContexts {
    set: ContextSet,
    threads: HashMap<ThreadKey, Known>,
    /// By nonce: as each program was when it was attached.
    programs: HashMap<u64, Values>,
}

/// A thread, as it was seen last.
#[derive(Debug)]
struct Known {
    values: Values,
    /// Its folder, if there was one at the first look.
    task: Option<PathBuf>,
    read_at: u64,
    /// In a stream of its own, and in a shared one.
    bytes: [Vec<u8>; 2],
}

impl EventContexts {
    /// Those that were asked for.
    pub(crate) fn new(set: ContextSet) -> Self {
        Self {
            set,
            threads: HashMap::new(),
            programs: HashMap::new(),
        }
    }

    /// Which.
    pub(crate) fn set(&self) -> ContextSet {
        self.set
    }

    /// What stands before the processor's number in the events of a chunk that has a stream of its
    /// own.
    pub(crate) fn own(&mut self, program: &Program, chunk: &Ready, window: &Window) -> Vec<u8> {
        if self.set.is_empty() {
            return Vec::new();
        }
        self.look(program, chunk, window).bytes[0].clone()
    }

    /// The same in a shared stream, where it also says whose the event is.
    pub(crate) fn shared(&mut self, program: &Program, chunk: &Ready, window: &Window) -> Vec<u8> {
        if self.set.is_empty() {
            return Emitter::of(program, chunk.thread).encode();
        }
        self.look(program, chunk, window).bytes[1].clone()
    }

    /// A program was attached, and its main thread has these values: threads that are gone before
    /// they are looked at have them, too.
    pub(crate) fn meet(&mut self, program: &Program, values: Values) {
        if !self.set.is_empty() {
            self.programs.insert(program.nonce(), values);
        }
    }

    /// A program is gone and nothing of it is left to be written.
    pub(crate) fn part_from(&mut self, program: &Program) {
        self.programs.remove(&program.nonce());
        let nonce = program.nonce();
        self.threads.retain(|thread, _| thread.program != nonce);
    }

    /// A thread is gone and nothing of it is left to be written.
    pub(crate) fn forget(&mut self, thread: ThreadKey) {
        self.threads.remove(&thread);
    }

    fn look(&mut self, program: &Program, chunk: &Ready, window: &Window) -> &Known {
        if self.threads.len() >= MAX_THREADS && !self.threads.contains_key(&chunk.thread) {
            let liar = chunk.thread.program;
            self.threads.retain(|thread, _| thread.program != liar);
        }
        let (set, of_program) = (self.set, self.programs.get(&program.nonce()));
        let known = self.threads.entry(chunk.thread).or_insert_with(|| {
            let mut known = Known::new(program, of_program, chunk);
            known.read(program, set, window.now);
            known
        });
        if window.now.saturating_sub(known.read_at) >= window.second / 4 {
            known.read(program, set, window.now);
        }
        known
    }
}

impl Known {
    fn new(program: &Program, of_program: Option<&Values>, chunk: &Ready) -> Self {
        let (vpid, tid) = (program.vpid(), chunk.thread.tid);
        let unseen = || Values::new(vpid, vpid, program.procname(), 0);
        let mut values = of_program.cloned().unwrap_or_else(unseen);
        values.vtid = tid.cast_signed();
        // There since before the first record, and the chunk was walked.
        values.pthread_id = program.thread_pointer(chunk);
        Self {
            values,
            task: program.process.task(tid),
            read_at: 0,
            bytes: [Vec::new(), Vec::new()],
        }
    }

    fn read(&mut self, program: &Program, set: ContextSet, now: u64) {
        if let Some(task) = &self.task {
            self.values.look_at(&program.process, task, set);
        }
        self.read_at = now;
        self.bytes = [set, set.with_thread()].map(|set| self.values.encode(set));
    }
}
