//! Threads beyond the limit of lanes: their events are merged by time into shared streams.
//!
//! Up to a horizon nothing older can turn up: every sharing thread's chunks were walked, and a
//! thread with an event under way holds the horizon back to its last complete one. What turns up
//! late all the same (a thread that was stopped between reading the clock and marking its room)
//! goes to another shared stream, and if all have gone on, it is counted as lost.

use std::collections::BTreeMap;

use thalweg_model::{LossCause, Timestamp};
use thalweg_ring::Stop;

use crate::drain::{Pass, finish};
use crate::output::{Content, Kind, Output};
use crate::program::{Entry, HEADER, Portion, Program, Ready, ThreadKey};
use crate::sink::SinkError;

/// The most bytes of a merged packet.
const PACKET_BYTES: usize = 256 << 10;

/// A chunk's portion in the merge.
struct Part {
    program: usize,
    ready: Ready,
    portion: Portion,
    /// Whose the events are, and what else their contexts say.
    emitter: Vec<u8>,
}

/// An event in the merge: which part's, and which of its entries.
struct Item {
    time: u64,
    part: usize,
    entry: usize,
}

/// Drains the chunks of sharing threads: `sharing` are in the order of their begins, by program.
pub(crate) fn drain(
    programs: &mut [Program],
    output: &mut Output,
    pass: &Pass<'_>,
    sharing: &[(usize, Ready)],
) {
    let (parts, horizon) = walk_all(programs, output, pass, sharing);
    let mut items = Vec::new();
    for (part, of) in parts.iter().enumerate() {
        let within = of
            .portion
            .entries
            .iter()
            .take_while(|entry| entry.time <= horizon);
        items.extend(within.enumerate().map(|(entry, e)| Item {
            time: e.time,
            part,
            entry,
        }));
    }
    items.sort_by_key(|item| (item.time, item.part));
    write_all(programs, output, &parts, &items);
    for part in &parts {
        settle(
            &mut programs[part.program],
            output,
            part,
            horizon,
            pass.calm(),
        );
    }
}

fn walk_all(
    programs: &mut [Program],
    output: &mut Output,
    pass: &Pass<'_>,
    sharing: &[(usize, Ready)],
) -> (Vec<Part>, u64) {
    let mut horizon = pass.fresh().not_after();
    let mut blocked: BTreeMap<ThreadKey, ()> = BTreeMap::new();
    let mut parts = Vec::new();
    for &(index, ready) in sharing {
        let program = &mut programs[index];
        if blocked.contains_key(&ready.thread) {
            continue;
        }
        let window = pass.window_of(program, ready.thread);
        let portion = Portion::take(program, &ready, window);
        if portion.stop == Stop::Pending {
            blocked.insert(ready.thread, ());
            horizon = horizon.min(portion.time);
        }
        let emitter = output.contexts.shared(program, &ready, &pass.window);
        parts.push(Part {
            program: index,
            ready,
            portion,
            emitter,
        });
    }
    (parts, horizon)
}

/// Writes the merged events, as packets of bounded size.
fn write_all(programs: &mut [Program], output: &mut Output, parts: &[Part], items: &[Item]) {
    let mut rest = items;
    while let Some(first) = rest.first() {
        let lane = match output.shared_lane(first.time) {
            Ok(lane) => lane,
            Err(error) => {
                output.fail(&error);
                None
            }
        };
        let Some(lane) = lane else {
            lose(programs, output, parts, &rest[..1], LossCause::Late);
            rest = &rest[1..];
            continue;
        };
        let count = take_packet(parts, rest);
        let (packet, later) = rest.split_at(count);
        rest = later;
        match encode(programs, output, parts, packet) {
            Ok(records) => write(programs, output, lane, parts, packet, &records),
            Err(error) => {
                output.fail(&error);
                lose(programs, output, parts, packet, LossCause::Storage);
            }
        }
    }
}

/// How many items fit one packet.
fn take_packet(parts: &[Part], items: &[Item]) -> usize {
    let mut bytes = 0;
    let size = |item: &Item| {
        let part = &parts[item.part];
        part.emitter.len() + part.portion.entries[item.entry].body.len() + HEADER.max_len()
    };
    let fitting = items.iter().take_while(|item| {
        bytes += size(item);
        bytes <= PACKET_BYTES
    });
    fitting.count().max(1)
}

fn encode(
    programs: &mut [Program],
    output: &mut Output,
    parts: &[Part],
    items: &[Item],
) -> Result<Vec<u8>, SinkError> {
    let mut out = Vec::new();
    let mut previous = items.first().map_or(0, |item| item.time);
    for item in items {
        let part = &parts[item.part];
        let entry: &Entry = &part.portion.entries[item.entry];
        let id = output.id_of(Kind::Shared, &mut programs[part.program], entry.site)?;
        HEADER.encode(id, Timestamp(item.time), Timestamp(previous), &mut out);
        out.extend_from_slice(&part.emitter);
        out.extend_from_slice(part.portion.body(entry));
        previous = item.time;
    }
    Ok(out)
}

fn write(
    programs: &mut [Program],
    output: &mut Output,
    lane: usize,
    parts: &[Part],
    items: &[Item],
    records: &[u8],
) {
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return;
    };
    let mut total = crate::ledger::Ledger::default();
    let events = items.len() as u64;
    let content = Content {
        begin: first.time,
        end: last.time,
        events,
        context: &[],
        records,
    };
    output.write(lane, &content, &mut total);
    // The packet is on disk whole or not at all; each program's events with it.
    let stored = total.recorded() == events;
    for item in items {
        let ledger = &mut programs[parts[item.part].program].ledger;
        if stored {
            ledger.record(1);
        } else {
            ledger.lose(LossCause::Storage, 1);
        }
    }
}

fn lose(
    programs: &mut [Program],
    output: &mut Output,
    parts: &[Part],
    items: &[Item],
    cause: LossCause,
) {
    for item in items {
        let ledger = &mut programs[parts[item.part].program].ledger;
        output.lose_somewhere(cause, 1, ledger);
    }
}

/// Notes how far a chunk is on disk, and frees it if that is all of it.
fn settle(program: &mut Program, output: &mut Output, part: &Part, horizon: u64, calm: u64) {
    let portion = &part.portion;
    let held_back = portion.entries.iter().any(|entry| entry.time > horizon);
    let written = portion
        .entries
        .iter()
        .take_while(|entry| entry.time <= horizon);
    let (position, time, [torn, bad]) = match (held_back, written.last()) {
        (false, _) => (
            portion.position,
            portion.time,
            [portion.torn, portion.violations()],
        ),
        (true, Some(last)) => (last.position, last.time, last.lost),
        (true, None) => return,
    };
    output.lose_somewhere(LossCause::Torn, torn, &mut program.ledger);
    output.lose_somewhere(LossCause::AbiViolation, bad, &mut program.ledger);
    program.advance(part.ready.unit, position, time);
    if torn > 0 {
        program.note_torn(part.ready.unit);
    }
    if !held_back {
        finish(program, &part.ready, portion.stop, calm);
    }
}
