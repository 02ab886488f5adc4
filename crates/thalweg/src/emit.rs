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
/// `fill` appends the fields, `payload_len` bytes in all; it is called once a slot.
#[inline(never)]
pub fn emit(site: &'static Site, payload_len: usize, fill: impl Fn(&mut Payload<'_>)) {
    let frame = 0_u8;
    let stack = (&raw const frame).addr() as u64;
    let Some(process) = state::get().and_then(state::State::process) else {
        return emit_in_new_process(site, payload_len, &fill);
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
        payload_len,
        stack,
    };
    for slot in 0..SLOTS {
        if enabled & (0xff << (8 * slot)) != 0 {
            emit_to(process, slot, block, event, &fill);
        }
    }
}

#[inline(always)]
fn emit_to(
    process: Process,
    slot: usize,
    block: &Block,
    event: Emit,
    fill: &impl Fn(&mut Payload<'_>),
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
        fill,
    );
    if matches!(written, Ok(true) | Err(Refused::Full { wake: true })) {
        sys::futex_wake(ring.control(slot::WAKE));
    }
}

/// The first event of a forked child, whose state is wiped: set up, and then as usual.
#[cold]
#[inline(never)]
fn emit_in_new_process(site: &'static Site, payload_len: usize, fill: &dyn Fn(&mut Payload<'_>)) {
    if life::set_up_child() {
        emit(site, payload_len, fill);
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
