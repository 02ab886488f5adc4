//! The event path for other languages.

use crate::field::Fields;
use crate::gate;
use crate::sample::Place;
use crate::site::Site;
use crate::thread;

/// The word that a call site tests: an event can be on only if it is not zero. It is there as long
/// as this library is.
pub fn gate_address(site: &'static Site) -> *const u32 {
    gate::address(site.gate())
}

/// The site that a pointer was made of, which a call site of another language remembers.
///
/// # Safety
/// Null, or made of a site that `define` or `find` returned.
#[inline(always)]
pub unsafe fn site_from(handle: *const ()) -> Option<&'static Site> {
    // SAFETY: as the caller promises; sites are never freed.
    unsafe { handle.cast::<Site>().as_ref() }
}

/// Tells where in the code an event of the site is. Allocates; one module at a time.
pub fn add_place(site: &'static Site, ip: u64) {
    Place::add(site, ip);
}

/// Whether a collector wants the event. At a thread's first event of all it may say so although
/// none does.
pub fn is_wanted(site: &'static Site) -> bool {
    gate::is_open(site.gate()) && thread::current().is_none_or(|_| site.wanted() != 0)
}

/// Emits an event to each collector that wants it.
///
/// Like every event: no allocation, no lock, and to be called in signal handlers, too.
#[inline(always)]
pub fn emit(site: &'static Site, fields: impl Fields) {
    crate::emit::emit(site, fields);
}
