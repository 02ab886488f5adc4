//! Contexts of a C program: those that it provides, and where in its code events are.

use crate::layout::CodePlace;
use core::ffi::{CStr, c_char, c_void};
use core::sync::atomic::Ordering::Relaxed;
use thalweg::{AppContext, AppValue, ffi};

/// What says which value holds now.
type Function = unsafe extern "C" fn(user: *mut c_void, value: &mut AppValue);

/// What a function is called with: its own business, on whichever thread.
struct User(*mut c_void);

// SAFETY: the program says so, where it hands it over.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// Provides a context; whether there is one now.
///
/// # Safety
/// The context is one that `THALWEG_APP_CONTEXT_INIT` made, or that was removed; the names are C strings
/// or null; the function can be called with `user` on any thread until the context is removed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_app_context_add_0(
    context: &mut Option<AppContext>,
    provider: *const c_char,
    name: *const c_char,
    function: Option<Function>,
    user: *mut c_void,
) -> bool {
    let Some(function) = function else {
        return false;
    };
    // SAFETY: as the caller promises.
    let (provider, name) = (unsafe { text(provider) }, unsafe { text(name) });
    let user = User(user);
    let called = move |value: &mut AppValue| {
        let User(user) = &user;
        // SAFETY: as the caller promises.
        unsafe { function(*user, value) };
    };
    let registered = AppContext::register(&provider, &name, called);
    registered.is_ok_and(|registered| {
        *context = Some(registered);
        true
    })
}

/// Text of the program's; empty if there is none.
///
/// # Safety
/// Null, or a C string.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

/// Takes a context away: from then on nobody is in its function.
///
/// # Safety
/// As for the context of [`thalweg_app_context_add_0`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_app_context_remove_0(context: &mut Option<AppContext>) {
    drop(context.take());
}

/// The value is a signed integer.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_app_value_set_int_0(value: &mut AppValue, number: i64) {
    value.set_int(number);
}

/// The value is an unsigned integer.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_app_value_set_uint_0(value: &mut AppValue, number: u64) {
    value.set_uint(number);
}

/// The value is a float.
#[unsafe(no_mangle)]
pub extern "C" fn thalweg_app_value_set_float_0(value: &mut AppValue, number: f64) {
    value.set_float(number);
}

/// The value is a text; none if it is null.
///
/// # Safety
/// The text is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_app_value_set_text_0(value: &mut AppValue, text: *const c_char) {
    if !text.is_null() {
        // SAFETY: as the caller promises.
        value.set_bytes(unsafe { CStr::from_ptr(text) }.to_bytes());
    }
}

/// Learns where a module's events are in its code.
///
/// # Safety
/// `from` to `to` is an array of places as `thalweg.h` makes them, whose sites are registered; or both
/// are null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_places_0(from: *const CodePlace, to: *const CodePlace) {
    let count = to.addr().saturating_sub(from.addr()) / size_of::<CodePlace>();
    if from.is_null() {
        return;
    }
    // SAFETY: as the caller promises.
    for place in unsafe { core::slice::from_raw_parts(from, count) } {
        // SAFETY: as the caller promises.
        let handle = unsafe { &*place.site }.handle.load(Relaxed);
        // SAFETY: null, or what the registration stored.
        if let Some(site) = unsafe { ffi::site_from(handle) } {
            ffi::add_place(site, place.ip.addr() as u64);
        }
    }
}
