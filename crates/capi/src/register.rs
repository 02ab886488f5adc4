//! Modules come and go.

use crate::describe::{describe, is_known};
use crate::layout::{EVENT, GUARD, Site};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed, Ordering::Release};
use thalweg::ffi;

/// The gate of sites that are not registered.
static NEVER: AtomicU32 = AtomicU32::new(0);

/// Registers a module's call sites: from then on collectors know of them.
///
/// # Safety
/// `from` to `to` is an array of pointers to sites as `thalweg.h` makes them, which stay until
/// they are unregistered; or both are null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_register_0(from: *const *const Site, to: *const *const Site) {
    ffi::start();
    // SAFETY: as the caller promises.
    let sites = unsafe { sites(from, to) };
    // Guards come last: they ask for events, of this module, too.
    for kind in [EVENT, GUARD] {
        for site in sites.clone().filter(|site| site.kind == kind) {
            // ORDER(users): alone; modules come and go one at a time, under the loader's lock.
            if site.users.fetch_add(1, Relaxed) == 0 {
                // SAFETY: as the caller promises.
                unsafe { connect(site) };
            }
        }
    }
}

/// Turns a module's call sites off, before it is unloaded.
///
/// # Safety
/// As for [`thalweg_register_0`], which was called with the same pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_unregister_0(from: *const *const Site, to: *const *const Site) {
    // SAFETY: as the caller promises.
    for site in unsafe { sites(from, to) } {
        if site.users.fetch_sub(1, Relaxed) == 1 {
            site.gate.store(NEVER.as_ptr(), Relaxed);
        }
    }
}

/// The sites that this library knows how to read.
///
/// # Safety
/// As for [`thalweg_register_0`].
unsafe fn sites<'m>(
    from: *const *const Site,
    to: *const *const Site,
) -> impl Iterator<Item = &'m Site> + Clone {
    let count = to.addr().saturating_sub(from.addr()) / size_of::<*const Site>();
    let pointers: &[*const Site] = if from.is_null() {
        &[]
    } else {
        // SAFETY: as the caller promises.
        unsafe { core::slice::from_raw_parts(from, count) }
    };
    // SAFETY: each is null or a site, as the caller promises.
    let sites = pointers.iter().filter_map(|site| unsafe { site.as_ref() });
    sites.filter(|site| is_known(site))
}

/// Finds a site's like in the library, and points it to the gate. What the library refuses stays
/// off.
///
/// # Safety
/// The site and all that it refers to are as the header makes them.
unsafe fn connect(site: &Site) {
    // SAFETY: as the caller promises.
    let Some(description) = (unsafe { describe(site) }) else {
        return;
    };
    let found = match site.kind {
        EVENT => ffi::define(&description).ok(),
        _ => ffi::find(&description.name, description.level),
    };
    if let Some(found) = found {
        site.handle
            .store(core::ptr::from_ref(found).cast_mut().cast(), Relaxed);
        // ORDER(connected): Release, pairs with the Acquire load in `emit::handle_of`: who finds
        // the gate finds the handle.
        site.gate
            .store(ffi::gate_address(found).cast_mut(), Release);
    }
}
