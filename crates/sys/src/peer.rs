//! Who is at the other end of a Unix socket.

use rustix::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use std::mem::MaybeUninit;

/// Of the kernel since 6.5; not in libc's list yet.
const SO_PEERPIDFD: libc::c_int = 77;

/// The process that has connected, as far as it can be told from here.
#[derive(Debug)]
pub struct Peer {
    /// Its number; `None` if it has none in this process's pid namespace.
    pub pid: Option<u32>,
    /// The process itself. `NOPROTOOPT`: the kernel cannot say. Another error: it is gone.
    pub pidfd: Result<OwnedFd, Errno>,
}

/// The process at the other end of a connected socket.
///
/// # Errors
/// It is no such socket.
pub fn peer_of(socket: impl AsFd) -> Result<Peer, Errno> {
    let raw = socket.as_fd().as_raw_fd();
    let credentials: libc::ucred = option(raw, libc::SO_PEERCRED)?;
    let pidfd: Result<libc::c_int, Errno> = option(raw, SO_PEERPIDFD);
    // SAFETY: the kernel just gave us the descriptor.
    let pidfd = pidfd.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    Ok(Peer {
        // A process of another namespace is 0.
        pid: u32::try_from(credentials.pid).ok().filter(|pid| *pid > 0),
        pidfd,
    })
}

/// A type of which any bytes are a value.
trait Plain: Copy {}
impl Plain for libc::ucred {}
impl Plain for libc::c_int {}

fn option<T: Plain>(socket: libc::c_int, name: libc::c_int) -> Result<T, Errno> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut len = size_of::<T>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes, for which there is room.
    let done = unsafe {
        libc::getsockopt(
            socket,
            libc::SOL_SOCKET,
            name,
            value.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    match done {
        // SAFETY: zeroed, and any bytes are a value.
        0 => Ok(unsafe { value.assume_init() }),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_process_at_the_other_end_is_known() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let peer = peer_of(&ours).unwrap();
        assert_eq!(peer.pid, Some(std::process::id()));
        let Ok(pidfd) = peer.pidfd else {
            return eprintln!("the kernel is older than 6.5: not asked for a descriptor");
        };
        let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
        let info = std::fs::read_to_string(path).unwrap();
        let line = format!("Pid:\t{}\n", std::process::id());
        assert!(info.contains(&line), "{info}");
    }
}
