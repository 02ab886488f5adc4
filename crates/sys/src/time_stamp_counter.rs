//! The time-stamp counter, and how fast the kernel says that it is.

use rustix::fd::{FromRawFd, OwnedFd};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The counter, now.
#[cfg(target_arch = "x86_64")]
pub fn time_stamp_counter() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and it has no effect but its result.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// What comes nearest to it: the virtual counter.
#[cfg(target_arch = "aarch64")]
pub fn time_stamp_counter() -> u64 {
    let counter: u64;
    // SAFETY: Linux lets programs read the register, which has no effect.
    unsafe {
        core::arch::asm!("mrs {}, cntvct_el0", out(reg) counter, options(nostack, preserves_flags));
    }
    counter
}

const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_DUMMY: u64 = 9;
const PERF_FLAG_FD_CLOEXEC: u64 = 1 << 3;
/// Byte offsets in `struct perf_event_mmap_page`.
const CAPABILITIES: usize = 40;
const TIME_SHIFT: usize = 50;
const TIME_MULT: usize = 52;
const CAP_USER_TIME: u64 = 1 << 3;

/// The counter's frequency in hertz, as the kernel uses it to tell the time to `perf` users:
/// nanoseconds = cycles · mult / 2^shift. `None` where the kernel does not tell.
pub fn time_stamp_counter_hz() -> Option<u64> {
    let event = open_dummy_event()?;
    let len = 4096;
    let flags = MapFlags::SHARED;
    // SAFETY: the kernel chooses an address that nobody uses.
    let page =
        unsafe { mmap(std::ptr::null_mut(), len, ProtFlags::READ, flags, &event, 0) }.ok()?;
    let at = |offset: usize| page.cast::<u8>().wrapping_add(offset);
    // SAFETY: within the mapped page, aligned to 8.
    let capabilities = unsafe { at(CAPABILITIES).cast::<u64>().read_volatile() };
    // SAFETY: within the mapped page, aligned to 2.
    let shift = unsafe { at(TIME_SHIFT).cast::<u16>().read_volatile() };
    // SAFETY: within the mapped page, aligned to 4.
    let mult = unsafe { at(TIME_MULT).cast::<u32>().read_volatile() };
    // SAFETY: our own mapping.
    let _ = unsafe { munmap(page, len) };
    let known = capabilities & CAP_USER_TIME != 0 && mult != 0 && shift < 64;
    known.then(|| ((1_000_000_000_u128 << shift) / u128::from(mult)) as u64)
}

/// An event that counts nothing: only its page is wanted.
fn open_dummy_event() -> Option<OwnedFd> {
    // `struct perf_event_attr`, first version: type, size, config, then zeros; `exclude_kernel`
    // and `exclude_hv` (bits 5 and 6 of the flags) let ordinary users open it.
    let mut attr = [0_u64; 8];
    attr[0] = u64::from(PERF_TYPE_SOFTWARE) | ((size_of_val(&attr) as u64) << 32);
    attr[1] = PERF_COUNT_SW_DUMMY;
    attr[5] = (1 << 5) | (1 << 6);
    let this_process = 0;
    let any_cpu = -1;
    let no_group = -1;
    // SAFETY: the attribute is live and as long as it says.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            attr.as_ptr(),
            this_process,
            any_cpu,
            no_group,
            PERF_FLAG_FD_CLOEXEC,
        )
    };
    let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
    // SAFETY: the kernel just gave us the descriptor.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frequency_fits_the_monotonic_clock() {
        let Some(hz) = time_stamp_counter_hz() else {
            return;
        };
        let (from, begin) = (time_stamp_counter(), std::time::Instant::now());
        while begin.elapsed().as_millis() < 50 {}
        let (to, ns) = (time_stamp_counter(), begin.elapsed().as_nanos());
        let measured = u128::from(to - from) * 1_000_000_000 / ns;
        let off = measured.abs_diff(u128::from(hz));
        assert!(
            off < u128::from(hz) / 100,
            "kernel says {hz}, measured {measured}"
        );
    }
}
