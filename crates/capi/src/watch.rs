//! The program's state, told anew: the watch of a C program.

use core::time::Duration;
use thalweg::Watch;

/// Whether the state is to be told, since this was asked last.
///
/// # Safety
/// The watch is one that `THALWEG_WATCH_INIT` made, and no other thread uses it meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_watch_poll_0(watch: &mut Watch) -> bool {
    watch.poll()
}

/// Sleeps until the state is to be told, so many milliseconds at most, for ever if they are negative;
/// whether it is to be told.
///
/// # Safety
/// As for [`thalweg_watch_poll_0`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_watch_wait_0(watch: &mut Watch, milliseconds: i64) -> bool {
    let timeout = u64::try_from(milliseconds).map_or(Duration::MAX, Duration::from_millis);
    watch.wait(timeout)
}

/// Ends a watch: nobody waits for it any more.
///
/// # Safety
/// As for [`thalweg_watch_poll_0`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn thalweg_watch_end_0(watch: &mut Watch) {
    drop(core::mem::take(watch));
}
