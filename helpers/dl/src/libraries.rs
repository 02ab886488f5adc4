//! Which libraries came and went since we last looked.
//!
//! All of it happens within a traversal of the dynamic linker's, under its lock: nothing is
//! unloaded meanwhile, and no other thread looks. So there is no lock of ours that a fork could
//! leave locked.

use core::ffi::{c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::events::{self, Told};
use crate::known::Known;
use crate::object::Object;

static KNOWN: Known = Known::new();

/// How many objects ever came and went, when we last looked.
static CAME: AtomicU64 = AtomicU64::new(0);
static WENT: AtomicU64 = AtomicU64::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = remember;

/// What is there at the start is known, and not told.
extern "C" fn remember() {
    traverse(remember_all);
}

/// Tells what has changed.
pub(crate) fn update() {
    traverse(tell_changes);
}

type Visit = unsafe extern "C" fn(*mut libc::dl_phdr_info, libc::size_t, *mut c_void) -> c_int;

fn traverse(visit: Visit) {
    // SAFETY: the visitors below need nothing but what the linker gives them.
    unsafe { libc::dl_iterate_phdr(Some(visit), null_mut()) };
}

unsafe extern "C" fn remember_all(
    _: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut c_void,
) -> c_int {
    KNOWN.begin();
    traverse(remember_one);
    1
}

/// Called for the first object; the lock is taken, and another traversal may begin within.
unsafe extern "C" fn tell_changes(
    info: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut c_void,
) -> c_int {
    // SAFETY: the linker's entry, for this call.
    let info = unsafe { &*info };
    let came = CAME.swap(info.dlpi_adds, Relaxed) != info.dlpi_adds;
    let went = WENT.swap(info.dlpi_subs, Relaxed) != info.dlpi_subs;
    if came || went {
        KNOWN.begin();
        traverse(tell_one);
        KNOWN.end(events::unload);
    }
    1
}

unsafe extern "C" fn remember_one(
    info: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut c_void,
) -> c_int {
    // SAFETY: the linker's entry, for this call, under its lock.
    see(unsafe { Object::of_info(info) });
    0
}

unsafe extern "C" fn tell_one(
    info: *mut libc::dl_phdr_info,
    _: libc::size_t,
    _: *mut c_void,
) -> c_int {
    // SAFETY: the linker's entry, for this call, under its lock.
    let object = unsafe { Object::of_info(info) };
    if see(object) {
        Told::new(object).load();
    }
    0
}

/// Whether an object is a library that is new.
fn see(object: Object<'_>) -> bool {
    let name = object.name().to_bytes();
    !name.is_empty() && KNOWN.see(object.span().0, hash(name))
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
