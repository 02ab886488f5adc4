//! Waiting for words of memory to change.

use rustix::io::Errno;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The most words of one wait.
pub const MAX_FUTEXES: usize = 128;

/// `struct futex_waitv` of the kernel.
#[repr(C)]
struct Waiter {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// A 32-bit futex, shared between processes.
const SIZE_U32: u32 = 2;

/// Sleeps until one of the words' low halves is woken or is not what it is paired with, or the
/// time is over, or a signal comes. At most [`MAX_FUTEXES`] of the words are watched.
pub fn futex_wait_any(words: &[(&AtomicU64, u32)], wait: Duration) -> Result<(), Errno> {
    let waiter = |(word, value): &(&AtomicU64, u32)| Waiter {
        value: u64::from(*value),
        address: word.as_ptr().addr() as u64,
        flags: SIZE_U32,
        reserved: 0,
    };
    let waiters: Vec<Waiter> = words.iter().take(MAX_FUTEXES).map(waiter).collect();
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let end = Duration::new(now.tv_sec.cast_unsigned(), now.tv_nsec as u32) + wait;
    let end = libc::timespec {
        tv_sec: end.as_secs().cast_signed(),
        tv_nsec: end.subsec_nanos().into(),
    };
    // SAFETY: waiters and time are live for the call; the kernel only reads the words' values.
    let woken = unsafe {
        libc::syscall(
            libc::SYS_futex_waitv,
            waiters.as_ptr(),
            waiters.len(),
            0,
            &raw const end,
            libc::CLOCK_MONOTONIC,
        )
    };
    if woken >= 0 {
        return Ok(());
    }
    match Errno::from_io_error(&std::io::Error::last_os_error()) {
        Some(Errno::AGAIN | Errno::TIMEDOUT | Errno::INTR) | None => Ok(()),
        Some(error) => Err(error),
    }
}

/// Wakes whoever sleeps on a word's low half.
pub fn futex_wake(word: &AtomicU64) {
    let all = i32::MAX;
    // SAFETY: the word is live; the kernel does not touch its value.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE,
            all,
            0,
            0,
            0,
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;

    #[test]
    fn a_word_that_changed_already_is_not_waited_for() {
        let word = AtomicU64::new(7);
        futex_wait_any(&[(&word, 6)], Duration::from_secs(1000)).unwrap();
    }

    #[test]
    fn a_wake_ends_the_wait() {
        let words = [AtomicU64::new(0), AtomicU64::new(1)];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                words[1].store(2, SeqCst);
                futex_wake(&words[1]);
            });
            futex_wait_any(&[(&words[0], 0), (&words[1], 1)], Duration::from_secs(1000)).unwrap();
        });
        assert_eq!(words[1].load(SeqCst), 2);
    }

    #[test]
    fn the_time_ends_the_wait() {
        let word = AtomicU64::new(0);
        futex_wait_any(&[(&word, 0)], Duration::from_millis(1)).unwrap();
    }
}
