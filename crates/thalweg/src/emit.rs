//! The way of an enabled event.

use crate::site::Site;
use crate::state::{self, Process, State};
use crate::thread;
use crate::{clock, life, sys};
use core::arch::asm;
use core::sync::atomic::Ordering::Relaxed;
use thalweg_abi::slot::CLOCK_TSC;
use thalweg_abi::{SLOTS, slot};
use thalweg_ring::{Emit, Payload, Refused};

/// What a site's word means: the lowest bit of each slot's byte.
const ONE_BIT_A_SLOT: u32 = 0x0101_0101;

/// Writes an event to each slot that enabled the site.
///
/// `fields` appends the fields to a payload, or says without one how many bytes they are. It owns
/// them and is one closure, so that the length of fields of fixed size is a constant here and
/// their values need no second place in memory.
#[inline(never)]
pub fn emit(site: &'static Site, fields: impl Fn(Option<&mut Payload<'_>>) -> usize) {
    if !emit_soon(site, &fields) {
        emit_anyhow(site, &fields);
    }
}

/// Emits to the only slot that wants the event, if nothing unusual is in the way.
#[inline(always)]
fn emit_soon(site: &'static Site, fields: &impl Fn(Option<&mut Payload<'_>>) -> usize) -> bool {
    let Some(block) = thread::current() else {
        return false;
    };
    let index = site.index();
    let enabled = block.enabled(index) & ONE_BIT_A_SLOT;
    if !enabled.is_power_of_two() {
        return false;
    }
    let slot = enabled.trailing_zeros() as usize / 8;
    let ring = block.ring(slot);
    // The other clock is a call, for which registers would have to be saved at every event.
    if ring.slot().control(slot::CLOCK).load(Relaxed) != CLOCK_TSC {
        return false;
    }
    let event = Emit {
        site: index,
        payload_len: fields(None),
        stack: stack(),
    };
    block.cursors[slot].emit_soon(
        || ring.slot(),
        event,
        clock::time_stamp_counter,
        || block.cpu(),
        |payload| {
            fields(Some(payload));
        },
    )
}

/// Emits to each slot that wants the event.
#[cold]
#[inline(never)]
fn emit_anyhow(site: &'static Site, fields: &impl Fn(Option<&mut Payload<'_>>) -> usize) {
    let Some(block) = thread::current() else {
        return emit_first(site, fields);
    };
    let event = Emit {
        site: site.index(),
        payload_len: fields(None),
        stack: stack(),
    };
    let mut left = block.enabled(site.index()) & ONE_BIT_A_SLOT;
    while left != 0 {
        let slot = left.trailing_zeros() as usize / 8;
        left &= left - 1;
        let ring = block.ring(slot).slot();
        let kind = ring.control(slot::CLOCK).load(Relaxed);
        let written = block.cursors[slot].emit_anyhow(
            &ring,
            block.owner(),
            event,
            || clock::read(kind),
            || block.cpu(),
            |payload| {
                fields(Some(payload));
            },
        );
        if matches!(written, Ok(true) | Err(Refused::Full { wake: true })) {
            sys::futex_wake(ring.control(slot::WAKE));
        }
    }
}

/// Where the stack is: an event of a signal handler, or of a function deeper in, has a lower one.
#[inline(always)]
fn stack() -> u64 {
    let pointer: u64;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// The first event of a thread, or of a forked child, whose state is wiped: set up, and then as
/// usual.
#[cold]
#[inline(never)]
fn emit_first(site: &'static Site, fields: &dyn Fn(Option<&mut Payload<'_>>) -> usize) {
    let Some(process) = state::get().and_then(State::process) else {
        if life::set_up_child() {
            emit(site, fields);
        }
        return;
    };
    let enabled = process.map.site(site.index()).load(Relaxed);
    if enabled == 0 {
        return;
    }
    if thread::claim(process).is_some() {
        emit(site, fields);
    } else {
        refuse(process, enabled);
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
