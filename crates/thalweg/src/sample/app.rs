//! Contexts that the application itself provides: a name, and a function that says what holds now.
//!
//! ```text
//!   TABLE   | entry | entry | free | …        a function is called between BUSY + 1 and BUSY - 1;
//!               └─ names, function, BUSY      whoever removes it waits for BUSY to be 0
//! ```
//!
//! Invariant: an event takes no lock and never waits; a function that was removed is not called, and
//! nobody is in the middle of it.

use super::value::AppValue;
use core::fmt;
use core::sync::atomic::{
    AtomicPtr, AtomicUsize,
    Ordering::{AcqRel, Acquire, SeqCst},
};
use thalweg_abi::sampled::MAX_NAME;

/// How many there can be.
const MOST: usize = 64;

type Function = dyn Fn(&mut AppValue) + Send + Sync;

/// What is registered; never freed, but used again for the same names.
struct Entry {
    provider: String,
    name: String,
    /// The function, boxed twice so that it is one word; null while there is none.
    function: AtomicPtr<Box<Function>>,
    /// How many threads are about to call the function, or in it.
    busy: AtomicUsize,
}

static TABLE: [AtomicPtr<Entry>; MOST] = [const { AtomicPtr::new(core::ptr::null_mut()) }; MOST];

/// A context that the program provides for its events, as long as this value is there.
///
/// A recording asks for it by its name, `thalweg record --context '$app.shop:tenant'`, and a filter
/// does as well: `--filter '$app.shop:tenant == "blue"'`. The function is called by each event of such
/// a recording, on the event's thread, before anything is written. If no recording asks for it, it is
/// never called.
///
/// ```
/// use std::cell::Cell;
///
/// thread_local! {
///     static TENANT: Cell<&'static str> = const { Cell::new("nobody") };
/// }
/// let tenant = thalweg::AppContext::register("shop", "tenant", |value| {
///     value.set_text(TENANT.get());
/// })?;
/// TENANT.set("blue");
/// thalweg::event!("shop:order", Info, { id: u64 = 7 });
/// # drop(tenant);
/// # Ok::<(), thalweg::RegisterError>(())
/// ```
///
/// Where events happen in signal handlers, the function is called there, too: it should do what a
/// handler may do, and be quick. Events of the function itself have no such contexts.
#[must_use = "the context ends where this is dropped: keep it, or let `std::mem::forget` have it"]
#[repr(transparent)]
pub struct AppContext {
    entry: &'static Entry,
}

/// Why a context was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// A name is empty, longer than 63 bytes, or has a colon, a space or a control character in it.
    Name,
    /// There is such a context already.
    Taken,
    /// There are 64 contexts already.
    TooMany,
}

impl fmt::Display for RegisterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Name => "register a context whose names are not 1 to 63 visible characters",
            Self::Taken => "register a context that there is already",
            Self::TooMany => "register one more context: there is room for 64",
        })
    }
}

impl std::error::Error for RegisterError {}

impl fmt::Debug for AppContext {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "$app.{}:{}", self.entry.provider, self.entry.name)
    }
}

impl AppContext {
    /// Provides the context `$app.PROVIDER:NAME`; the function sets its value, or leaves it without one.
    ///
    /// Allocates; not for signal handlers.
    pub fn register(
        provider: &str,
        name: &str,
        function: impl Fn(&mut AppValue) + Send + Sync + 'static,
    ) -> Result<Self, RegisterError> {
        if !is_name(provider) || !is_name(name) {
            return Err(RegisterError::Name);
        }
        let function: Box<Function> = Box::new(function);
        let function = Box::into_raw(Box::new(function));
        let registered = place(provider, name, function);
        if registered.is_err() {
            // SAFETY: made a moment ago, and nobody else has it.
            drop(unsafe { Box::from_raw(function) });
        }
        registered.map(|entry| Self { entry })
    }
}

impl Drop for AppContext {
    fn drop(&mut self) {
        let function = self.entry.function.swap(core::ptr::null_mut(), SeqCst);
        // Whoever counts itself from here on finds the function gone.
        while self.entry.busy.load(SeqCst) != 0 {
            std::thread::yield_now();
        }
        // SAFETY: made by `register`, taken out of the table, and nobody calls it.
        drop(unsafe { Box::from_raw(function) });
    }
}

fn is_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_fit)
}

fn place(
    provider: &str,
    name: &str,
    function: *mut Box<Function>,
) -> Result<&'static Entry, RegisterError> {
    let mut fresh = None;
    for place in &TABLE {
        // SAFETY: null, or an entry that is never freed.
        let mut entry = unsafe { place.load(Acquire).as_ref() };
        if entry.is_none() {
            let made = *fresh.get_or_insert_with(|| Entry::leaked(provider, name));
            entry = match place.compare_exchange(core::ptr::null_mut(), made, AcqRel, Acquire) {
                // SAFETY: just made, and never freed.
                Ok(_) => unsafe { made.as_ref() },
                // SAFETY: another thread's, never freed.
                Err(other) => unsafe { other.as_ref() },
            };
        }
        let Some(entry) = entry.filter(|entry| entry.is(provider.as_bytes(), name.as_bytes()))
        else {
            continue;
        };
        let none = core::ptr::null_mut();
        let placed = entry
            .function
            .compare_exchange(none, function, SeqCst, Acquire);
        return placed.map(|_| entry).map_err(|_| RegisterError::Taken);
    }
    Err(RegisterError::TooMany)
}

impl Entry {
    fn leaked(provider: &str, name: &str) -> *mut Self {
        Box::into_raw(Box::new(Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
            function: AtomicPtr::new(core::ptr::null_mut()),
            busy: AtomicUsize::new(0),
        }))
    }

    fn is(&self, provider: &[u8], name: &[u8]) -> bool {
        self.provider.as_bytes() == provider && self.name.as_bytes() == name
    }

    fn ask(&self, value: &mut AppValue) {
        let _counted = Counted::among(&self.busy);
        let function = self.function.load(SeqCst);
        // SAFETY: null, or a function that is not freed before this thread has counted itself out.
        if let Some(function) = unsafe { function.as_ref() } {
            function(value);
        }
    }
}

/// One of those who are in a function, however they leave it.
struct Counted<'e>(&'e AtomicUsize);

impl<'e> Counted<'e> {
    fn among(count: &'e AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        // It is 0 where the function has forked, and this is the child.
        let one_less = |count: usize| count.checked_sub(1);
        let _ = self.0.fetch_update(SeqCst, SeqCst, one_less);
    }
}

/// In a forked child: the threads that were in functions are not there.
pub(crate) fn forget_threads() {
    for place in &TABLE {
        // SAFETY: null, or an entry that is never freed.
        if let Some(entry) = unsafe { place.load(Acquire).as_ref() } {
            entry.busy.store(0, SeqCst);
        }
    }
}

/// What the application's context of this name holds now; nothing if there is none.
pub(crate) fn ask(provider: &[u8], name: &[u8], value: &mut AppValue) {
    for place in &TABLE {
        // SAFETY: null, or an entry that is never freed.
        let Some(entry) = (unsafe { place.load(Acquire).as_ref() }) else {
            return;
        };
        if entry.is(provider, name) {
            return entry.ask(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::value::Held;

    fn held(name: &str) -> Option<i64> {
        let mut value = AppValue::new();
        ask(b"test", name.as_bytes(), &mut value);
        match value.held() {
            Held::Int(number) => Some(number),
            _ => None,
        }
    }

    #[test]
    fn a_context_is_there_until_it_is_dropped_and_can_come_again() {
        assert_eq!(held("number"), None);
        for number in [7, 8] {
            let context =
                AppContext::register("test", "number", move |value| value.set_int(number));
            let context = context.unwrap();
            assert_eq!(held("number"), Some(number));
            assert_eq!(held("numbe"), None);
            let again = AppContext::register("test", "number", |_| {});
            assert_eq!(again.unwrap_err(), RegisterError::Taken);
            drop(context);
            assert_eq!(held("number"), None);
        }
    }

    #[test]
    fn a_name_that_no_recording_could_ask_for_is_refused() {
        for (provider, name) in [("", "a"), ("a", ""), ("a:b", "c"), ("a", "b c"), ("ä", "b")] {
            let refused = AppContext::register(provider, name, |_| {});
            assert_eq!(refused.unwrap_err(), RegisterError::Name);
        }
        let refused = AppContext::register("a", &"x".repeat(64), |_| {});
        assert_eq!(refused.unwrap_err(), RegisterError::Name);
    }

    #[test]
    fn who_removes_a_context_waits_for_those_who_ask_it() {
        use std::sync::Arc;
        use std::sync::atomic::AtomicBool;
        let is_gone = Arc::new(AtomicBool::new(false));
        for _ in 0..200 {
            is_gone.store(false, SeqCst);
            let seen = Arc::clone(&is_gone);
            let function = move |value: &mut AppValue| value.set_int(seen.load(SeqCst).into());
            let context = AppContext::register("test", "waits", function).unwrap();
            let asking = std::thread::spawn(|| (0..100).filter_map(|_| held("waits")).max());
            drop(context);
            is_gone.store(true, SeqCst);
            assert_ne!(asking.join().unwrap(), Some(1));
        }
    }
}
