//! The way of an enabled event.

use crate::site::Site;
use crate::state::{self, Process, RSEQ_AREA};
use crate::thread::{self, Block};
use crate::{clock, cpu, life, sys};
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::{SLOTS, slot};
use thalweg_ring::{Emit, Payload, Refused};

/// Writes an event to each slot that enabled the site.
///
/// `fields` appends the fields to a payload, or says without one how many bytes they are. It owns
/// them and is one closure, so that the length of fields of fixed size is a constant here and
/// their values need no second place in memory.
#[inline(never)]
pub fn emit(site: &'static Site, fields: impl Fn(Option<&mut Payload<'_>>) -> usize) {
    let frame = 0_u8;
    let stack = (&raw const frame).addr() as u64;
    let Some(process) = state::get().and_then(state::State::process) else {
        return emit_in_new_process(site, &fields);
    };
    let enabled = process.map.site(site.index()).load(Relaxed);
    if enabled == 0 {
        return;
    }
    let Some(block) = thread::current(process) else {
        return refuse(process, enabled);
    };
    let event = Emit {
        site: site.index(),
        payload_len: fields(None),
        stack,
    };
    let mut left = enabled;
    while left != 0 {
        let slot = left.trailing_zeros() as usize / 8;
        left &= !(0xff << (8 * slot));
        emit_to(process, slot, block, event, &fields);
    }
}

#[inline(always)]
fn emit_to(
    process: Process,
    slot: usize,
    block: &Block,
    event: Emit,
    fields: &impl Fn(Option<&mut Payload<'_>>) -> usize,
) {
    let ring = process.map.slot(slot);
    let kind = ring.control(slot::CLOCK).load(Relaxed);
    let area = RSEQ_AREA.load(Relaxed);
    let written = block.cursors[slot].emit(
        &ring,
        block.owner(),
        event,
        || clock::read(kind),
        || cpu::current(area),
        |payload| {
            fields(Some(payload));
        },
    );
    if matches!(written, Ok(true) | Err(Refused::Full { wake: true })) {
        sys::futex_wake(ring.control(slot::WAKE));
    }
}

/// The first event of a forked child, whose state is wiped: set up, and then as usual.
#[cold]
#[inline(never)]
fn emit_in_new_process(site: &'static Site, fields: &dyn Fn(Option<&mut Payload<'_>>) -> usize) {
    if life::set_up_child() {
        emit(site, fields);
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
