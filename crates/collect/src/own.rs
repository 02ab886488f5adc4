//! Threads that have a lane of their own: what is ready of their chunks goes into pages, in one
//! walk, and many pages to disk at once.
//!
//! ```text
//!   chunk ─┐ walk: check, encode        one write            then, and not before:
//!   chunk ─┼──────────────────▶ pages ─────────────▶ lane    chunks are freed, or it is noted how
//!   chunk ─┘                                                 far they are on disk
//!   chunk ─┐                      meanwhile
//!   chunk ─┼──────────────────▶ pages
//! ```

use std::sync::Arc;

use thalweg_abi::slot::CLASSES;
use thalweg_model::LossCause;
use thalweg_ring::{Found, Stop, Walk, chunk_words};

use crate::drain::{Pass, finish};
use crate::output::{Content, Kind, OnTheWay, Output};
use crate::program::{Program, Pushed, Ready, Window, encode_one};

/// A lane, and the context of its thread's packets.
#[derive(Clone, Copy)]
pub(crate) struct Target<'c> {
    /// None if none could be opened: then all is lost.
    pub(crate) lane: Option<usize>,
    pub(crate) context: &'c [u8],
}

/// Writes what is ready of a thread's chunks, the oldest first. What is under way then is to be
/// [settled](UnderWay::settle).
pub(crate) fn drain(
    program: &mut Program,
    output: &mut Output,
    pass: &Pass<'_>,
    chunks: &[Ready],
    (target, under_way): (Target<'_>, &mut UnderWay),
) {
    let from = target.lane.map_or(0, |lane| output.lanes.last_end(lane));
    let mut batch = Batch {
        target,
        losses: Losses::default(),
        done: Vec::new(),
        calm: pass.calm(),
        under_way,
    };
    batch.begin(output, from);
    for chunk in chunks {
        if batch.take(program, output, pass, chunk) == Stop::Pending {
            break;
        }
    }
    batch.write(program, output);
}

/// Takes the records that are as most are, up to the first that is not.
fn take_run(
    program: &Program,
    output: &mut Output,
    walk: &mut Walk<'_>,
    context: &[u8],
    window: Window,
) {
    let mut run = walk.run(window.not_after());
    let class_of = |site: u16| {
        let id = program.id_of(Kind::Own, site)?;
        Some((id, &program.definitions.sites[usize::from(site)].plan))
    };
    output.encoder.push_run(&mut run, context, class_of);
    walk.go_on_behind(&run);
}

/// What was met beside events.
#[derive(Default)]
struct Losses {
    /// Records that were torn.
    torn: u64,
    /// Records that made no sense.
    bad: u64,
    /// Events of which the trace takes no class.
    undeclared: u64,
}

/// A chunk, and how far it will be on disk.
struct Done {
    chunk: Ready,
    position: usize,
    time: u64,
    /// Why there is no more of it, if so.
    stop: Option<Stop>,
}

/// The write of a program's pages that was begun last, and the chunks that they came from.
#[derive(Default)]
pub(crate) struct UnderWay {
    pages: Option<OnTheWay>,
    done: Vec<Done>,
    calm: u64,
}

impl UnderWay {
    /// Waits for the write, and lets go of what the pages came from.
    pub(crate) fn settle(&mut self, program: &mut Program, output: &mut Output) {
        if let Some(pages) = self.pages.take() {
            output.settle(pages, &mut program.ledger);
        }
        for done in self.done.drain(..) {
            program.advance(done.chunk.unit, done.position, done.time);
            if let Some(stop) = done.stop {
                finish(program, &done.chunk, stop, self.calm);
            }
        }
    }
}

/// What is written together.
struct Batch<'c> {
    target: Target<'c>,
    losses: Losses,
    done: Vec<Done>,
    calm: u64,
    under_way: &'c mut UnderWay,
}

/// An event that a walk found.
struct Event<'e, 'm> {
    found: Found,
    walk: &'e Walk<'m>,
    context: &'e [u8],
}

impl Batch<'_> {
    /// Begins with empty pages. Only a program that lies of its chunks' order has events that are
    /// older than `from`.
    fn begin(&self, output: &mut Output, from: u64) {
        output.encoder.begin(self.target.context.len(), from);
    }

    /// Takes all that is ready and wanted of a chunk; why there is no more.
    fn take(
        &mut self,
        program: &mut Program,
        output: &mut Output,
        pass: &Pass<'_>,
        chunk: &Ready,
    ) -> Stop {
        let mut window = pass.window_of(program, chunk.thread);
        let memory = Arc::clone(&program.memory);
        let mut walk = program.walk_in(memory.slot(program.slot), chunk);
        let context = output.contexts.own(program, chunk, &window);
        let longest = chunk_words(CLASSES as u8 - 1);
        let consumed = program.consumed(chunk);
        // Torn records are told once, those that are on disk already not again.
        let mut told = 0;
        let stop = loop {
            if walk.position() >= consumed && walk.time() >= window.from {
                take_run(program, output, &mut walk, &context, window);
            }
            let before = (walk.position(), walk.time());
            let found = match walk.find(window.not_after(), longest) {
                Ok(found) => found,
                Err(stop) => break stop,
            };
            if found.time < window.from || walk.position() <= consumed {
                told = walk.torn();
                continue;
            }
            let event = Event {
                found,
                walk: &walk,
                context: &context,
            };
            let mut pushed = self.push(program, output, &event);
            if pushed == Pushed::Again {
                pushed = self.push_again(program, output, &event);
            }
            match pushed {
                Pushed::Taken => {}
                Pushed::Bad | Pushed::Again => self.losses.bad += 1,
                Pushed::Full | Pushed::Large => {
                    self.note(chunk, before, None);
                    self.write(program, output);
                    self.push_first(program, output, &event);
                    // What comes now may be later than what was the future before the write.
                    window = pass.window_of(program, chunk.thread);
                }
            }
        };
        if walk.torn() > told {
            self.losses.torn += walk.torn() - told;
            program.note_torn(chunk.unit);
        }
        self.losses.bad += u64::from(stop == Stop::Violation);
        self.note(chunk, (walk.position(), walk.time()), Some(stop));
        stop
    }

    fn note(&mut self, chunk: &Ready, (position, time): (usize, u64), stop: Option<Stop>) {
        self.done.push(Done {
            chunk: *chunk,
            position,
            time,
            stop,
        });
    }

    /// Puts an event into the pages, or counts why the trace has no class for it.
    #[inline(always)]
    fn push(
        &mut self,
        program: &mut Program,
        output: &mut Output,
        event: &Event<'_, '_>,
    ) -> Pushed {
        let Event { found, walk, .. } = event;
        let Some(id) = self.id_of(program, output, found.site) else {
            return Pushed::Taken;
        };
        let plan = &program.definitions.sites[usize::from(found.site)].plan;
        let head = (id, found.time);
        let encoder = &mut output.encoder;
        encoder.push(head, event.context, walk.body(found), plan)
    }

    /// The same where that begins a page.
    #[cold]
    #[inline(never)]
    fn push_again(
        &mut self,
        program: &mut Program,
        output: &mut Output,
        event: &Event<'_, '_>,
    ) -> Pushed {
        self.push(program, output, event)
    }

    /// Puts an event into the first page; what no page can hold becomes a packet of its own.
    #[cold]
    fn push_first(&mut self, program: &mut Program, output: &mut Output, event: &Event<'_, '_>) {
        match self.push_again(program, output, event) {
            Pushed::Taken => {}
            Pushed::Bad | Pushed::Again | Pushed::Full => self.losses.bad += 1,
            Pushed::Large => {
                self.write_large(program, output, event);
                self.begin(output, event.found.time);
            }
        }
    }

    /// The session's id of the site that a record claims, or it is counted why there is none.
    #[inline]
    fn id_of(&mut self, program: &mut Program, output: &mut Output, site: u16) -> Option<u32> {
        match program.id_of(Kind::Own, site) {
            Some(id) => Some(id),
            None => self.declare(program, output, site),
        }
    }

    #[cold]
    fn declare(&mut self, program: &mut Program, output: &mut Output, site: u16) -> Option<u32> {
        let is_defined = |program: &Program| usize::from(site) < program.definitions.sites.len();
        // It may have been defined since the pass began.
        if !is_defined(program) && (!program.learn() || !is_defined(program)) {
            self.losses.bad += 1;
            return None;
        }
        let id = output.id_of(Kind::Own, program, site);
        if let Err(error) = &id {
            output.fail(error);
            self.losses.undeclared += 1;
        }
        id.ok()
    }

    /// Begins to write the pages and what was lost, once the pages before them are written.
    fn write(&mut self, program: &mut Program, output: &mut Output) {
        self.under_way.settle(program, output);
        let ledger = &mut program.ledger;
        let Losses {
            torn,
            bad,
            undeclared,
        } = std::mem::take(&mut self.losses);
        match self.target.lane {
            Some(lane) => {
                output.lose(lane, LossCause::Torn, torn, ledger);
                output.lose(lane, LossCause::AbiViolation, bad, ledger);
                output.lose(lane, LossCause::Storage, undeclared, ledger);
                self.under_way.pages = output.send(lane, self.target.context, ledger);
            }
            None => {
                let lost = torn + bad + undeclared + output.encoder.events();
                output.lose_somewhere(LossCause::Storage, lost, ledger);
            }
        }
        self.under_way.done = std::mem::take(&mut self.done);
        self.under_way.calm = self.calm;
        let last = output.encoder.last();
        self.begin(output, last);
    }

    /// Writes an event that is larger than a page, behind all that were before it.
    fn write_large(&mut self, program: &mut Program, output: &mut Output, event: &Event<'_, '_>) {
        self.under_way.settle(program, output);
        let Event { found, walk, .. } = event;
        let Some(id) = program.id_of(Kind::Own, found.site) else {
            return;
        };
        let plan = &program.definitions.sites[usize::from(found.site)].plan;
        let head = (id, found.time);
        let Some(record) = encode_one(head, event.context, walk.body(found), plan) else {
            self.losses.bad += 1;
            return;
        };
        let content = Content {
            begin: found.time,
            end: found.time,
            events: 1,
            context: self.target.context,
            records: &record,
        };
        match self.target.lane {
            Some(lane) => output.write(lane, &content, &mut program.ledger),
            None => self.losses.undeclared += 1,
        }
    }
}
