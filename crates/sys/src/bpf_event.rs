//! Programs that run at events of tracefs, with the event's record as what they look at.
//!
//! An event of perf ties both together: once a program is set for it, the kernel runs the program at the
//! event on every CPU, whatever CPU the event of perf was opened for.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::bpf::load;

const PROG_PROBE: u32 = 2;
const PROG_TRACEPOINT: u32 = 5;

/// Of `struct perf_event_attr`: its second version's bytes, and what is in them.
const ATTR_BYTES: usize = 72;
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

/// Loads a program for a probe, which sees the registers there.
///
/// # Errors
/// The kernel refuses the program, or us.
pub fn bpf_load_probe(instructions: &[u64], license: &CStr, log: &mut [u8]) -> io::Result<OwnedFd> {
    load(PROG_PROBE, instructions, license, log, |attr| attr)
}

/// Has a program run at the event of this number in tracefs, until the descriptor is closed. `cpu` is one
/// that is on.
///
/// # Errors
/// The kernel refuses.
pub fn bpf_attach_tracepoint(program: BorrowedFd<'_>, event: u64, cpu: u32) -> io::Result<OwnedFd> {
    let mut attr = [0_u64; ATTR_BYTES / 8];
    attr[0] = TYPE_TRACEPOINT;
    attr[1] = event;
    attach(program, attr, cpu)
}

/// A probe that the kernel sets for as long as somebody has it.
#[derive(Clone, Debug)]
pub struct BpfProbe {
    /// The number of the kernel's source of such probes: `uprobe` or `kprobe`.
    pub source: u32,
    /// The file, or the function of the kernel.
    pub name: CString,
    /// Where in it.
    pub offset: u64,
    /// Whether it is set where the function returns.
    pub is_return: bool,
    /// Where in the file the counter is of those who look; 0 if there is none.
    pub semaphore_offset: u32,
}

/// Sets a probe and has a program run at it, until the descriptor is closed. `cpu` is one that is on.
///
/// # Errors
/// The kernel refuses.
pub fn bpf_attach_probe(
    program: BorrowedFd<'_>,
    probe: &BpfProbe,
    cpu: u32,
) -> io::Result<OwnedFd> {
    let mut attr = [0_u64; ATTR_BYTES / 8];
    attr[0] = probe.source.into();
    attr[1] = u64::from(probe.is_return) | u64::from(probe.semaphore_offset) << 32;
    // The kernel reads the name while the event is opened.
    attr[7] = probe.name.as_ptr().expose_provenance() as u64;
    attr[8] = probe.offset;
    attach(program, attr, cpu)
}

fn attach(
    program: BorrowedFd<'_>,
    mut attr: [u64; ATTR_BYTES / 8],
    cpu: u32,
) -> io::Result<OwnedFd> {
    attr[0] |= (ATTR_BYTES as u64) << 32;
    attr[2] = 1;
    // SAFETY: the attributes are live, and as many bytes as they say; a name in them is, too, as whoever
    // calls holds it.
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
