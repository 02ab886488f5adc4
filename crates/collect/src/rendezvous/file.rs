//! Rendezvous files: read with `pread`, never mapped.

use rustix::fd::{AsFd, AsRawFd as _, OwnedFd};
use rustix::fs::{Dir, DirEntry, FileType, Mode, OFlags, fstat, open, openat, readlink};
use rustix::io::{Errno, pread};
use thalweg_abi::rendezvous::{Head, MAX_LEN};

use super::folder::Folder;
use crate::process::Process;
use crate::program::{DefinitionError, Definitions};

/// Why a file is passed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{0}")]
    Io(#[from] Errno),
    #[error("not a plain file of the folder's owner")]
    Kind,
    #[error("{0}")]
    Definitions(#[from] DefinitionError),
}

/// A rendezvous file and what it says.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) file: Option<OwnedFd>,
    pub(crate) definitions: Result<Definitions, FileError>,
}

/// Reads an open rendezvous file that must be `uid`'s.
pub(crate) fn read(file: impl AsFd, uid: u32) -> Result<Definitions, FileError> {
    let stat = fstat(&file)?;
    let plain = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let len = usize::try_from(stat.st_size).unwrap_or(usize::MAX);
    // A file that was handed over before it got its name has one link too: the hidden name.
    if !plain || stat.st_nlink > 1 || stat.st_uid != uid || len > MAX_LEN {
        return Err(FileError::Kind);
    }
    let mut bytes = vec![0; len];
    let mut filled = 0;
    while filled < len {
        match pread(&file, &mut bytes[filled..], filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(Definitions::parse(&bytes[..filled])?)
}

/// All rendezvous files of a folder that `wanted` names.
pub(crate) fn scan(folder: &Folder, wanted: impl Fn(&str) -> bool) -> Vec<Found> {
    let mut names = names(folder);
    names.retain(|name| is_program(name) && wanted(name));
    let read = |name: String| match open_in(folder, &name) {
        Ok(file) => {
            let definitions = read(&file, folder.uid);
            Found {
                name,
                file: Some(file),
                definitions,
            }
        }
        Err(why) => Found {
            name,
            file: None,
            definitions: Err(why.into()),
        },
    };
    names.into_iter().map(read).collect()
}

/// Files that have no name yet, as their programs are still writing them, or were killed doing so;
/// and the process that each one is of: its number, and in which pid namespace.
pub(crate) fn unfinished(folder: &Folder) -> Vec<(String, u32, u64)> {
    let of_process = |name: String| {
        let hidden = name.strip_prefix('.')?;
        let (visible, pid_ns) = hidden.rsplit_once('-')?;
        let (pid, _) = visible.split_once('-').filter(|_| is_program(visible))?;
        let pid = u32::from_str_radix(pid, 16).ok()?;
        let pid_ns = u64::from_str_radix(pid_ns, 16).ok()?;
        Some((name, pid, pid_ns))
    };
    names(folder).into_iter().filter_map(of_process).collect()
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = Dir::read_from(&folder.fd).into_iter().flatten();
    let name = |entry: rustix::io::Result<DirEntry>| {
        let name = entry.ok()?.file_name().to_str().ok()?.to_owned();
        Some(name)
    };
    entries.filter_map(name).collect()
}

/// `PID-IMAGE-NONCE`, in hexadecimal.
fn is_program(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let hex = |part: &&str| u64::from_str_radix(part, 16).is_ok();
    parts.len() == 3 && parts.iter().all(hex)
}

fn open_in(folder: &Folder, name: &str) -> Result<OwnedFd, Errno> {
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat(&folder.fd, name, flags, Mode::empty())
}

/// What the kernel calls the memory of a program, in front of what else it says of it.
const MEMFD: &[u8] = b"/memfd:thalweg";

/// The memfd of a program that is running, by the descriptor that it has for it. `NOENT` too when
/// that is another file by now: the program has become another, or closed what it did not open.
///
/// The file is a user's word: it is looked at before it is opened, as to open a device or a pipe may do
/// something.
pub(crate) fn open_memfd(process: &Process, head: &Head) -> Result<OwnedFd, Errno> {
    let folder = process.folder().ok_or(Errno::NOENT)?;
    let path = folder.join("fd").join(head.ring_fd.to_string());
    let seen = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    let own_path = format!("/proc/self/fd/{}", seen.as_raw_fd());
    let name = readlink(&own_path, Vec::new())?;
    if fstat(&seen)?.st_ino != head.ring_ino || !name.as_bytes().starts_with(MEMFD) {
        return Err(Errno::NOENT);
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    open(own_path, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
    use rustix::fs::{MemfdFlags, memfd_create};
    use std::mem::MaybeUninit;

    fn open_own(head: &Head) -> Result<OwnedFd, Errno> {
        open_memfd(&Process::open(head.pid), head)
    }

    /// What a program says that has this file for its memory.
    fn head_of(file: &impl AsFd) -> Head {
        let mut bytes = [0; thalweg_abi::rendezvous::HEAD_LEN];
        bytes[..8].copy_from_slice(&thalweg_abi::rendezvous::MAGIC.to_le_bytes());
        bytes[8..12].copy_from_slice(&thalweg_abi::VERSION.to_le_bytes());
        let head = Head::decode(&bytes).unwrap();
        Head {
            pid: std::process::id(),
            ring_fd: file.as_fd().as_raw_fd(),
            ring_ino: fstat(file).unwrap().st_ino,
            ..head
        }
    }

    #[test]
    fn only_a_memfd_of_ours_is_opened() {
        let ours = memfd_create("thalweg", MemfdFlags::CLOEXEC).unwrap();
        let head = head_of(&ours);
        let opened = open_own(&head).unwrap();
        assert_eq!(fstat(&opened).unwrap().st_ino, head.ring_ino);
        let another = Head {
            ring_ino: head.ring_ino + 1,
            ..head
        };
        assert_eq!(open_own(&another).unwrap_err(), Errno::NOENT);
        let foreign = memfd_create("else", MemfdFlags::CLOEXEC).unwrap();
        assert_eq!(open_own(&head_of(&foreign)).unwrap_err(), Errno::NOENT);
    }

    #[test]
    fn another_file_is_not_even_opened() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let inotify = inotify::init(CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&inotify, file.path(), WatchFlags::OPEN).unwrap();
        let refused = open_own(&head_of(file.as_file()));
        assert_eq!(refused.unwrap_err(), Errno::NOENT);
        let mut buffer = [MaybeUninit::uninit(); 512];
        let mut events = inotify::Reader::new(&inotify, &mut buffer);
        assert_eq!(events.next().err(), Some(Errno::AGAIN), "it was opened");
    }
}
