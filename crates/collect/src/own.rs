//! Threads that have a lane of their own: what is ready of a chunk becomes one packet, in one walk.

use std::sync::Arc;

use thalweg_abi::slot::CLASSES;
use thalweg_model::LossCause;
use thalweg_ring::{Stop, Walk, chunk_words};

use crate::output::{Content, Kind, Output};
use crate::program::{Encoder, Program, Ready, Window};
use crate::sink::SinkError;

/// What a walk has met.
#[derive(Default)]
struct Tally {
    /// Events that were encoded.
    events: u64,
    /// The time of the first one.
    begin: u64,
    /// Records that were torn.
    torn: u64,
    /// Records that made no sense.
    bad: u64,
    /// Events of which the trace takes no class.
    undeclared: u64,
}

/// Writes what is ready of a chunk to its thread's lane; what there is no lane for is lost. Why the
/// walk stopped.
pub(crate) fn drain(
    program: &mut Program,
    output: &mut Output,
    chunk: &Ready,
    window: Window,
    lane: Option<usize>,
    context: &[u8],
) -> Stop {
    let memory = Arc::clone(&program.memory);
    let mut walk = program.walk_in(memory.slot(program.slot), chunk);
    let mut encoder = std::mem::take(&mut output.encoder);
    encoder.begin();
    let (tally, stop) = encode(program, output, chunk, window, &mut walk, &mut encoder);
    let mut ledger = std::mem::take(&mut program.ledger);
    match lane {
        Some(lane) => {
            let losses = [
                (LossCause::Torn, tally.torn),
                (LossCause::AbiViolation, tally.bad),
                (LossCause::Storage, tally.undeclared),
            ];
            for (cause, count) in losses {
                output.lose(lane, cause, count, &mut ledger);
            }
            if tally.events > 0 {
                let content = Content {
                    begin: tally.begin,
                    end: walk.time(),
                    events: tally.events,
                    context,
                    records: encoder.records(),
                };
                output.write(lane, &content, &mut ledger);
            }
        }
        None => {
            let lost = tally.events + tally.torn + tally.bad + tally.undeclared;
            output.lose_somewhere(LossCause::Storage, lost, &mut ledger);
        }
    }
    program.ledger = ledger;
    output.encoder = encoder;
    program.advance(chunk.unit, walk.position(), walk.time());
    if tally.torn > 0 {
        program.note_torn(chunk.unit);
    }
    stop
}

/// Encodes all that is ready and wanted; what was met, and why the walk stopped.
fn encode(
    program: &mut Program,
    output: &mut Output,
    chunk: &Ready,
    window: Window,
    walk: &mut Walk<'_>,
    encoder: &mut Encoder,
) -> (Tally, Stop) {
    let context = output.contexts.own(program, chunk, &window);
    let longest = chunk_words(CLASSES as u8 - 1);
    let consumed = program.consumed(chunk);
    let mut tally = Tally::default();
    let mut torn_before = 0;
    let stop = loop {
        let found = match walk.find(window.not_after(), longest) {
            Ok(found) => found,
            Err(stop) => break stop,
        };
        if found.time < window.from || walk.position() <= consumed {
            torn_before = walk.torn();
            continue;
        }
        let id = match id_of(program, output, found.site) {
            Ok(Some(id)) => id,
            Ok(None) => {
                tally.bad += 1;
                continue;
            }
            Err(error) => {
                output.fail(&error);
                tally.undeclared += 1;
                continue;
            }
        };
        let plan = &program.definitions.sites[usize::from(found.site)].plan;
        if encoder.push((id, found.time), &context, walk.body(&found), plan) {
            if tally.events == 0 {
                tally.begin = found.time;
            }
            tally.events += 1;
        } else {
            tally.bad += 1;
        }
    };
    tally.torn = walk.torn() - torn_before;
    tally.bad += u64::from(stop == Stop::Violation);
    (tally, stop)
}

/// The session's id of a site that a record claims; none if the program has not defined it.
#[inline]
fn id_of(program: &mut Program, output: &mut Output, site: u16) -> Result<Option<u32>, SinkError> {
    match program.id_of(Kind::Own, site) {
        Some(id) => Ok(Some(id)),
        None => declare(program, output, site),
    }
}

#[cold]
fn declare(
    program: &mut Program,
    output: &mut Output,
    site: u16,
) -> Result<Option<u32>, SinkError> {
    let is_defined = |program: &Program| usize::from(site) < program.definitions.sites.len();
    // It may have been defined since the pass began.
    if !is_defined(program) && !(program.learn() && is_defined(program)) {
        return Ok(None);
    }
    output.id_of(Kind::Own, program, site).map(Some)
}
