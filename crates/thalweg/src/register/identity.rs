//! Who this process is.

use crate::site;
use crate::sys::{self, Fd};
use core::ffi::CStr;
use thalweg_abi::program;
use thalweg_abi::rendezvous::Head;

/// A number that no other process and no other library in this one has.
pub(crate) fn nonce() -> u64 {
    let time = crate::clock::processor_counter();
    let here = (&raw const crate::gate::GATES).addr() as u64;
    mix(time ^ mix(u64::from(sys::getpid()) ^ here)).max(2)
}

/// The finaliser of splitmix64: each bit of the input reaches each of the output.
fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A number that every `exec` changes, and that does not give the kernel's random bytes away.
fn image() -> u64 {
    // SAFETY: reads a value from the auxiliary vector.
    let random = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const [u64; 2];
    if random.is_null() {
        return 0;
    }
    // SAFETY: the kernel put 16 bytes there, on the stack's upper end, for ever.
    let [low, high] = unsafe { random.read_unaligned() };
    mix(low.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ mix(high))
}

/// The head of the rendezvous file; its length is not known yet.
pub(crate) fn head(memfd: &Fd, nonce: u64, room: &mut [u8]) -> Option<Head> {
    let memory = sys::identity(memfd)?;
    let start_time = start_time(first_bytes(c"/proc/self/stat", room));
    Some(Head {
        len: 0,
        pid: sys::getpid(),
        ring_fd: memfd.0,
        start_time,
        image: image(),
        nonce,
        pid_ns: pid_ns(),
        ring_ino: memory.st_ino,
        ring_len: memory.st_size.cast_unsigned(),
        sites: site::each().count() as u64,
        tid: sys::gettid(),
        capacity: program::capacity_for(site::all().len()) as u32,
        procname: sys::procname(),
    })
}

fn first_bytes<'r>(path: &CStr, room: &'r mut [u8]) -> &'r [u8] {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = sys::open(libc::AT_FDCWD, path, flags, 0);
    let len = file.map_or(0, |file| sys::read(&file, room));
    &room[..len]
}

/// Field 22 of `/proc/self/stat`; the name in field 2 may hold anything, so count from its end.
fn start_time(stat: &[u8]) -> u64 {
    let after_name = stat
        .iter()
        .rposition(|&b| b == b')')
        .map_or(&[][..], |at| &stat[at + 1..]);
    let field = after_name
        .split(|&b| b == b' ')
        .filter(|f| !f.is_empty())
        .nth(19);
    field.unwrap_or_default().iter().fold(0, |n, &digit| {
        n * 10 + u64::from(digit.wrapping_sub(b'0') % 10)
    })
}

/// The inode number of the pid namespace, by which collectors know whose number the process id is.
fn pid_ns() -> u64 {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // What is there is a link that only the kernel can follow.
    let namespace = sys::open_followed(c"/proc/self/ns/pid", flags);
    let found = namespace.and_then(|file| sys::identity(&file));
    found.map_or(0, |stat| stat.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let stat = b"7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
        assert_eq!(start_time(stat), 4711);
        assert_eq!(start_time(b"nonsense"), 0);
    }
}
