//! Namespaces within one another.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// `_IO(0xb7, 0x2)`
const NS_GET_PARENT: libc::Ioctl = 0xb702;

/// The pid or user namespace around one, which is given by its file in `/proc/PID/ns`.
///
/// # Errors
/// There is none, or this process lives further inside.
pub fn outer_namespace(namespace: impl AsFd) -> io::Result<OwnedFd> {
    // SAFETY: the call takes a descriptor, which is open, and no memory.
    let fd = unsafe { libc::ioctl(namespace.as_fd().as_raw_fd(), NS_GET_PARENT) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that the kernel has just made, and that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn nobody_sees_what_is_around_the_own_namespace() {
        for name in ["pid", "user"] {
            let own = File::open(format!("/proc/self/ns/{name}")).unwrap();
            assert!(outer_namespace(&own).is_err());
        }
        let other = File::open("/proc/self/ns/mnt").unwrap();
        assert!(outer_namespace(&other).is_err(), "these have no outer one");
    }
}
