//! Rendezvous files: read with `pread`, never mapped.

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Dir, DirEntry, FileType, Mode, OFlags, fstat, open, openat};
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

/// The memfd of a program that is running, by the descriptor that it has for it. `NOENT` too when
/// that is another file by now: the program has become another, or closed what it did not open.
pub(crate) fn open_memfd(process: &Process, head: &Head) -> Result<OwnedFd, Errno> {
    let folder = process.folder().ok_or(Errno::NOENT)?;
    let path = folder.join("fd").join(head.ring_fd.to_string());
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = open(&path, flags, Mode::empty())?;
    match fstat(&file)?.st_ino == head.ring_ino {
        true => Ok(file),
        false => Err(Errno::NOENT),
    }
}
