//! Counters that the kernel keeps of a thread.

use rustix::io::Errno;
use std::os::fd::{FromRawFd as _, OwnedFd};

/// Bytes of the first version of `struct perf_event_attr`.
const ATTR_LEN: usize = 64;

/// Whether this machine has a counter, as `perf_event_open` names it: this thread tries to open it.
pub fn try_counter(kind: u32, config: u64) -> Result<(), Errno> {
    let mut attr = [0_u64; ATTR_LEN / 8];
    attr[0] = u64::from(kind) | (ATTR_LEN as u64) << 32;
    attr[1] = config;
    const CLOEXEC: usize = 8;
    // SAFETY: the attributes are live, and as many bytes as they say.
    let fd = unsafe { libc::syscall(libc::SYS_perf_event_open, attr.as_ptr(), 0, -1, -1, CLOEXEC) };
    match i32::try_from(fd) {
        // SAFETY: just opened.
        Ok(fd @ 0..) => drop(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => {
            let why = std::io::Error::last_os_error();
            return Err(Errno::from_io_error(&why).unwrap_or(Errno::INVAL));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_has_a_clock_of_each_thread_and_no_counter_999() {
        assert_eq!(try_counter(1, 1), Ok(()));
        assert!(try_counter(1, 999).is_err());
    }
}
