//! Programs that run at events of tracefs, with the event's record as what they look at.
//!
//! An event of perf ties both together: once a program is set for it, the kernel runs the program at the
//! event on every CPU, whatever CPU the event of perf was opened for.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::bpf::load;

const PROG_TRACEPOINT: u32 = 5;

/// Of `struct perf_event_attr`: its first version's bytes, and what is in them.
const ATTR_BYTES: usize = 64;
const TYPE_TRACEPOINT: u64 = 2;
const CLOEXEC: libc::c_ulong = 8;
const SET_BPF: libc::c_ulong = 0x4004_2408;
const ENABLE: libc::c_ulong = 0x2400;

/// Loads a program for an event of tracefs. What the verifier says is in `log`, up to its NUL.
///
/// # Errors
/// The kernel refuses the program, or us.
pub fn bpf_load_tracepoint(
    instructions: &[u64],
    license: &CStr,
    log: &mut [u8],
) -> io::Result<OwnedFd> {
    load(PROG_TRACEPOINT, instructions, license, log, |attr| attr)
}

/// Has a program run at the event of this number in tracefs, until the descriptor is closed. `cpu` is one
/// that is on.
///
/// # Errors
/// The kernel refuses.
pub fn bpf_attach_tracepoint(program: BorrowedFd<'_>, event: u64, cpu: u32) -> io::Result<OwnedFd> {
    let mut attr = [0_u64; ATTR_BYTES / 8];
    attr[0] = TYPE_TRACEPOINT | (ATTR_BYTES as u64) << 32;
    attr[1] = event;
    attr[2] = 1;
    // SAFETY: the attributes are live, and as many bytes as they say.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            attr.as_ptr(),
            -1,
            cpu,
            -1,
            CLOEXEC,
        )
    };
    let fd = match i32::try_from(fd) {
        // SAFETY: just opened.
        Ok(fd @ 0..) => unsafe { OwnedFd::from_raw_fd(fd) },
        _ => return Err(io::Error::last_os_error()),
    };
    for (request, value) in [(SET_BPF, program.as_raw_fd()), (ENABLE, 0)] {
        // SAFETY: neither request takes a pointer.
        if unsafe { libc::ioctl(fd.as_raw_fd(), request, value) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(fd)
}
