//! Spans: which id one has, what it is part of, what happens to it.

use crate::emit::handle_of;
use crate::layout::{Begun, Place, Site};
use thalweg::ffi;

/// Begins a span, if a collector wants an event of one of its sites; else its id is 0.
///
/// # Safety
/// The sites are so many, and as `thalweg.h` makes them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_begin_span_0(
    begun: &mut Begun,
    sites: *const &Site,
    count: usize,
) {
    // SAFETY: as the caller promises.
    let sites = unsafe { core::slice::from_raw_parts(sites, count) };
    let handles = sites.iter().filter_map(|site| handle_of(site));
    let (id, origin) = ffi::begin_span(handles).unwrap_or_default();
    *begun = Begun { id, origin };
}

/// Emits that something happens to a span, if a collector wants that.
///
/// # Safety
/// The site is as `thalweg.h` makes it; its one field is the id.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_tell_span_0(site: &Site, begun: &Begun) {
    if let Some(handle) = handle_of(site) {
        ffi::tell_span(handle, (begun.id, begun.origin));
    }
}

/// The id of the thread's current span, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_current_span_0() -> u64 {
    ffi::current_span()
}

/// Makes a span the thread's current one.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_enter_span_0(begun: &Begun, place: &mut Place) {
    let (before, depth) = ffi::enter_span(begun.id);
    let depth = u64::from(depth);
    *place = Place { before, depth };
}

/// Leaves what was entered then, and all that was entered within it.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_leave_span_0(place: &Place) {
    ffi::leave_span((place.before, place.depth as u32));
}
