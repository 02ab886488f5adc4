//! Where in the code an event's call sites are: a label beside each, at no cost.
//!
//! ```text
//!   section thalweg_places   | site | label | next | site | label | next | …
//!                                               └── of the same site ──▶
//! ```
//!
//! A site has several places where the compiler has put its function into others. Then the place is
//! the one that the event's return address is right behind.

use super::memory::{Known, is_there};
use crate::arch;
use crate::site::{self, Site};
use core::sync::atomic::{
    AtomicPtr,
    Ordering::{Acquire, Relaxed, Release},
};

/// A place of a site in the code. The macros leave one beside each event.
#[repr(C)]
#[derive(Debug)]
pub struct Place {
    site: *const Site,
    ip: u64,
    next: AtomicPtr<Place>,
}

// SAFETY: the pointer is to a static.
unsafe impl Sync for Place {}

/// How far behind its place an event's call ends at most: its fields are evaluated in between.
const CALL: u64 = 4096;
/// Bytes of the longest such call.
const CALL_LEN: u64 = arch::CALL_LEN as u64;
/// How much of the stack is looked through for a return address.
const FRAME: u64 = 1024;

impl Place {
    /// The address, as far as it is known: that of the only place, or of the one that the way of the
    /// event above `stack` came from.
    pub(crate) fn ip(first: Option<&'static Self>, stack: u64) -> u64 {
        let Some(first) = first else { return 0 };
        if first.next().is_none() {
            return first.ip;
        }
        let came_from = first.came_from(stack);
        came_from.map_or(first, |(_, place)| place).ip
    }

    /// Where the event's return address is, and which place it is behind.
    pub(super) fn came_from(&'static self, stack: u64) -> Option<(u64, &'static Self)> {
        let mut known = Known::around(stack);
        let begin = stack.next_multiple_of(8);
        for at in (begin..begin + FRAME).step_by(8) {
            if let Some(place) = self.nearest_before(known.word(at)?) {
                return Some((at, place));
            }
        }
        None
    }

    /// The place of the same site that a return address is the least behind, if it is close.
    fn nearest_before(&'static self, word: u64) -> Option<&'static Self> {
        let distance = |place: &&Self| word.wrapping_sub(place.ip);
        let nearest = self.all().min_by_key(distance)?;
        let is_near = (CALL_LEN..=CALL).contains(&distance(&nearest));
        (is_near && is_behind_call(word)).then_some(nearest)
    }

    /// Tells a site of another place, if it does not know it. Allocates: what is told is never forgotten,
    /// but a module that comes again at the same address tells nothing new.
    pub(crate) fn add(site: &Site, ip: u64) {
        let first = || site.first_place().into_iter();
        if first().flat_map(Self::all).any(|place| place.ip == ip) {
            return;
        }
        let place = Box::leak(Box::new(Self {
            site: core::ptr::from_ref(site),
            ip,
            next: AtomicPtr::new(core::ptr::null_mut()),
        }));
        let before = site.places().load(Acquire);
        place.next.store(before, Relaxed);
        // ORDER(places): Release, pairs with the Acquire load in `first_place`. Modules come one at a
        // time, under the loader's lock.
        site.places().store(place, Release);
    }

    fn next(&self) -> Option<&'static Self> {
        // SAFETY: null, or another one of the section.
        unsafe { self.next.load(Relaxed).as_ref() }
    }

    fn all(&'static self) -> impl Iterator<Item = &'static Self> {
        core::iter::successors(Some(self), |place| place.next())
    }
}

/// Whether a direct call, or one through a table, ends at an address in the code of a place.
fn is_behind_call(address: u64) -> bool {
    let from = address - CALL_LEN;
    if !is_there(from) || !is_there(address) {
        return false;
    }
    // SAFETY: both pages that they can lie on are there.
    let bytes = unsafe { (from as *const [u8; arch::CALL_LEN]).read_volatile() };
    arch::ends_with_call(bytes)
}

/// Tells each linked site its places: before `main`, and once.
pub(crate) fn link_all() {
    let (start, stop): (*const Place, *const Place) = arch::section_bounds!("thalweg_places");
    let count = (stop.addr() - start.addr()) / size_of::<Place>();
    if count == 0 {
        return;
    }
    // SAFETY: the section between the two symbols holds what the macros leave there, nothing else.
    let places = unsafe { core::slice::from_raw_parts(start, count) };
    let sites = site::all().as_ptr_range();
    for place in places.iter().filter(|place| sites.contains(&place.site)) {
        // SAFETY: the address of a site by the line above.
        let site = unsafe { &*place.site };
        let before = site
            .places()
            .swap(core::ptr::from_ref(place).cast_mut(), Relaxed);
        place.next.store(before, Relaxed);
    }
}
