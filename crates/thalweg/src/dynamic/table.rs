//! The table of dynamic sites, and how collectors learn of a new one.
//!
//! The table is private memory, which a forked child has a copy of: the child's own rendezvous
//! file then names the sites that its parent defined. Its lock lies on the wiped pages, so that the
//! child finds it free whatever another thread of the parent was doing.

use super::event::DefineError;
use crate::life;
use crate::map::Map;
use crate::register::{definition, rules};
use crate::site::{self, Level, Site};
use crate::state::{self, Process, State};
use crate::sys;
use core::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use thalweg_abi::field::Field;
use thalweg_abi::program::{
    self, DEFINITIONS_LEN, DYNAMIC_SITES, HEAD_DEFINED, HEAD_DEFINITIONS_LEN, MAX_SITES, WORDS,
};

static TABLE: [AtomicPtr<Site>; DYNAMIC_SITES] =
    [const { AtomicPtr::new(core::ptr::null_mut()) }; DYNAMIC_SITES];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// All dynamic sites, in the order of their definition.
pub(crate) fn each() -> impl Iterator<Item = &'static Site> {
    // ORDER(dynamic): Acquire, pairs with the Release store in `add`.
    let count = COUNT.load(Acquire).min(DYNAMIC_SITES);
    TABLE[..count].iter().filter_map(|entry| {
        // SAFETY: entries below the count point to leaked sites, or are null.
        unsafe { entry.load(Relaxed).as_ref() }
    })
}

/// What a site is made of beside its name: level, fields, and the place in the source.
type Parts = (Level, &'static [Field], (&'static str, u32));

/// Defines a site at a place in the source. When the process cannot be traced, that does not
/// show: the site is never on.
pub(crate) fn define(
    name: &str,
    level: Level,
    fields: &'static [Field],
    place: (&'static str, u32),
) -> Result<&'static Site, DefineError> {
    find_or_define(name, |_| false, || (level, fields, place))
}

/// The dynamic site that `is_it` knows, or else a new one.
pub(crate) fn find_or_define(
    name: &str,
    is_it: impl Fn(&Site) -> bool,
    parts: impl FnOnce() -> Parts,
) -> Result<&'static Site, DefineError> {
    if name.is_empty() || name.contains('\0') {
        return Err(DefineError::Name);
    }
    let _errno = sys::ErrnoKept::new();
    life::set_up_late();
    let Some(state) = state::get() else {
        return add_unless_there(name, is_it, parts).map(|(site, _)| site);
    };
    let _lock = Lock::take(state).ok_or(DefineError::Busy)?;
    let process = settled(state);
    let (site, is_new) = add_unless_there(name, is_it, parts)?;
    if !is_new {
        return Ok(site);
    }
    if let Some(process) = process {
        publish(&process.map, site)?;
    }
    Ok(site)
}

/// The site, and whether it is new.
fn add_unless_there(
    name: &str,
    is_it: impl Fn(&Site) -> bool,
    parts: impl FnOnce() -> Parts,
) -> Result<(&'static Site, bool), DefineError> {
    match each().find(|site| is_it(site)) {
        Some(site) => Ok((site, false)),
        None => Ok((add(name, parts)?, true)),
    }
}

fn add(name: &str, parts: impl FnOnce() -> Parts) -> Result<&'static Site, DefineError> {
    let count = COUNT.load(Relaxed);
    let index = site::all().len() + count;
    if count == DYNAMIC_SITES || index >= MAX_SITES {
        return Err(DefineError::TooManyEvents);
    }
    let (level, fields, (file, line)) = parts();
    let name = String::leak(name.to_owned());
    let place = (file, line, program::gate_of(name, 0, 0));
    let site = Box::leak(Box::new(Site::new(name, level, "", fields, place)));
    site.number(index as u16);
    TABLE[count].store(site, Relaxed);
    // ORDER(dynamic): Release, pairs with the Acquire load in `each`.
    COUNT.store(count + 1, Release);
    Ok(site)
}

/// Tells collectors of a new site, and turns it on if one of them wants it. One that comes later
/// finds it in the shared memory.
fn publish(map: &Map, site: &'static Site) -> Result<(), DefineError> {
    let mut definition = Vec::new();
    definition::write_site(&mut definition, site);
    // With its index and length: what is missing, or makes no sense, hides no other.
    let mut bytes = Vec::from(u32::from(site.index()).to_le_bytes());
    bytes.extend((definition.len() as u32).to_le_bytes());
    bytes.extend(definition);
    let used = map.head(HEAD_DEFINITIONS_LEN);
    let from = used.load(Relaxed) as usize;
    let end = from + bytes.len();
    if end > DEFINITIONS_LEN {
        return Err(DefineError::TooManyEvents);
    }
    let area = program::definitions_offset(map.capacity());
    let word = WORDS + usize::from(site.index()) * 4;
    // Without memory the site stays off: touching it would be the program's death.
    if !map.back(area + from, bytes.len()) || !map.back(word, 4) {
        return Ok(());
    }
    for (at, byte) in (area + from..).zip(&bytes) {
        // SAFETY: a byte of the mapping, which stays; other processes only read it.
        let at = unsafe { AtomicU8::from_ptr(map.address(at)) };
        at.store(*byte, Relaxed);
    }
    site.point_to(map);
    // ORDER(definitions): Release, pairs with the collector's Acquire loads, in reverse order.
    used.store(end as u64, Release);
    map.head(HEAD_DEFINED)
        .store(u64::from(site.index()) + 1, Release);
    rules::apply_all(map, site);
    Ok(())
}

/// The process, once nobody is in the middle of setting it up.
fn settled(state: &'static State) -> Option<Process> {
    while state.is_busy() {
        std::thread::yield_now();
    }
    state.process()
}

/// The right to define, for one thread at a time.
struct Lock(&'static State);

impl Lock {
    /// Waits for other threads; `None` if this very thread has it.
    fn take(state: &'static State) -> Option<Self> {
        let own = u64::from(sys::gettid());
        loop {
            match state.defining.compare_exchange(0, own, Acquire, Relaxed) {
                Ok(_) => return Some(Self(state)),
                Err(owner) if owner == own => return None,
                Err(_) => std::thread::yield_now(),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.defining.store(0, Release);
    }
}
