//! The way of an enabled event.

use crate::field::{Fields, Limit};
use crate::patience::Patience;
use crate::sample::{Caller, Sampled, Taken};
use crate::site::Site;
use crate::state::{self, Process};
use crate::thread::{self, Block, Lane};
use crate::{arch, clock, life, sys};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::{SLOTS, program, slot};
use thalweg_ring::{Emit, Owner, Refused};

/// Writes an event to each slot that enabled the site.
///
/// `fields` owns them and has a type of its own, so that the length of fields of fixed size is a
/// constant here and their values need no second place in memory.
#[inline(never)]
pub fn emit(site: &'static Site, fields: impl Fields) {
    if !emit_soon(site, &fields) {
        emit_rarely(site, fields, Caller::here());
    }
}

/// Emits to the usual slot, if no other wants the event and nothing unusual is in the way.
#[inline(always)]
fn emit_soon(site: &'static Site, fields: &impl Fields) -> bool {
    let Some(block) = thread::current() else {
        return false;
    };
    let lane = block.usual();
    lane.is_all_of(site.wanted()) && emit_soon_to(block, lane, site, fields)
}

/// The usual way to a slot, whose time is the processor's counter; whether nothing was in it.
#[inline(always)]
fn emit_soon_to(
    block: &'static Block,
    lane: &'static Lane,
    site: &'static Site,
    fields: &impl Fields,
) -> bool {
    let event = Emit {
        site: site.index(),
        payload_len: fields.encoded_len(Limit::NONE),
        stack: arch::stack(),
    };
    lane.cursor.emit_soon(
        || lane.ring(),
        event,
        arch::counter_halves,
        || block.cpu(),
        |payload| fields.encode(payload, Limit::NONE),
    )
}

/// Asks the filters, if there are any, and emits in the slow way if they let the event pass. Apart:
/// an event without filters needs no register saved for calls that it does not make.
///
/// It owns the fields, too: so the usual way need not give them a place in memory, nor itself a
/// frame for this call.
#[inline(never)]
fn emit_rarely(site: &'static Site, fields: impl Fields, caller: Caller) {
    let Some(block) = thread::current() else {
        return emit_first(site, &fields, caller);
    };
    let lane = block.usual();
    let is_asked = lane.filters_all_of(site.wanted());
    if is_asked {
        let has_passed = lane.pass(site, &fields, (block, caller));
        if !has_passed || emit_soon_to(block, lane, site, &fields) {
            return;
        }
    }
    emit_anyhow(site, &fields, (block, caller), is_asked);
}

/// Emits to each slot that wants the event; `has_passed`: the usual one's filters were asked.
#[cold]
#[inline(never)]
fn emit_anyhow(
    site: &'static Site,
    fields: &impl Fields,
    (block, caller): (&'static Block, Caller),
    has_passed: bool,
) {
    let limit = Limit::fitting(fields);
    let event = Emit {
        site: site.index(),
        payload_len: fields.encoded_len(limit),
        stack: arch::stack(),
    };
    let word = site.wanted();
    for (slot, lane) in lanes(block, word) {
        let byte = (word >> (8 * slot)) as u8;
        let is_filtered = byte & program::FILTERED != 0;
        let has_passed = has_passed && core::ptr::eq(lane, block.usual());
        if is_filtered && !has_passed && !lane.pass(site, fields, (block, caller)) {
            continue;
        }
        if byte & program::SAMPLED != 0 {
            emit_sampled((block, caller), lane, site, fields);
            continue;
        }
        emit_to(block, lane, (site, event), (fields, limit));
        if lane.is_all_of(word) || lane.filters_all_of(word) {
            block.prefer(lane);
        }
    }
}

/// Takes the contexts that a slot asks for, and emits to it.
#[inline(never)]
fn emit_sampled(
    (block, caller): (&'static Block, Caller),
    lane: &'static Lane,
    site: &'static Site,
    fields: &impl Fields,
) {
    let taken = Taken::now(lane.sampled(), (site, caller), block);
    if taken.lacks_counter() {
        lane.ring().control(slot::COUNTER_LACKED).store(1, Relaxed);
    }
    let sampled = Sampled(&taken, fields);
    let limit = Limit::fitting(&sampled);
    let event = Emit {
        site: site.index(),
        payload_len: sampled.encoded_len(limit),
        stack: arch::stack(),
    };
    emit_to(block, lane, (site, event), (&sampled, limit));
}

/// Emits to one slot, as often as it takes if the slot makes the thread wait for room.
fn emit_to(
    block: &'static Block,
    lane: &'static Lane,
    (site, event): (&'static Site, Emit),
    (fields, limit): (&impl Fields, Limit),
) {
    let ring = lane.ring();
    let kind = ring.control(slot::CLOCK).load(Relaxed);
    let is_wanted = || lane.is_part_of(site.wanted());
    let mut patience = Patience::new(&ring, is_wanted);
    loop {
        let owner = Owner {
            patient: patience.is_left(),
            ..block.owner()
        };
        let written = lane.cursor.emit_anyhow(
            &ring,
            owner,
            event,
            || clock::read(kind),
            || block.cpu(),
            |payload| fields.encode(payload, limit),
        );
        let (Ok(wake) | Err(Refused::Full { wake } | Refused::Wait { wake, .. })) = written else {
            return;
        };
        if wake {
            sys::futex_wake(ring.control(slot::WAKE));
        }
        let Err(Refused::Wait { freed, .. }) = written else {
            return;
        };
        patience.wait(freed);
    }
}

/// The lanes to the slots that want an event, as its site's word says.
fn lanes(block: &'static Block, word: u32) -> impl Iterator<Item = (usize, &'static Lane)> {
    let wants = move |slot: &usize| (word >> (8 * slot)) as u8 & program::ENABLED != 0;
    (0..SLOTS)
        .filter(wants)
        .map(|slot| (slot, block.lane(slot)))
}

/// The first event of a thread, or of a forked child, whose state is wiped: set up, and then as
/// usual.
#[cold]
#[inline(never)]
fn emit_first(site: &'static Site, fields: &dyn Fields, caller: Caller) {
    let Some(state) = state::get() else { return };
    let Some(process) = state.process() else {
        if life::set_up_child() || !state.counts_as_too_early() {
            emit_again(site, fields, caller);
        }
        return;
    };
    let enabled = site.wanted();
    if enabled == 0 {
        return;
    }
    if thread::claim(process).is_some() {
        emit_again(site, fields, caller);
    } else {
        refuse(process, enabled);
    }
}

/// Emits after a set-up, as if the call site had done so now.
fn emit_again(site: &'static Site, fields: &dyn Fields, caller: Caller) {
    if !emit_soon(site, &fields) {
        emit_rarely(site, fields, caller);
    }
}

/// Counts an event whose thread has no index.
#[cold]
fn refuse(process: Process, enabled: u32) {
    for slot in (0..SLOTS).filter(|slot| enabled & (0xff << (8 * slot)) != 0) {
        process
            .map
            .slot(slot)
            .control(slot::REFUSED_THREAD)
            .fetch_add(1, Relaxed);
    }
}
