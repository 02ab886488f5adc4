//! Reads what a program has mapped, and the files of it.
//!
//! A file is found through the mapping itself (`map_files`, for root), else through its path below
//! the program's own root, else, if the program has ended, through its path here. It is always
//! looked at before it is opened: only a regular file with the mapping's inode number is. So nobody
//! makes us open a device, or wait at a pipe.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, fstat, open};

use super::elf::{ElfFile, ReadAt, examine};
use super::maps::{Mapping, mappings};
use super::objects::{Looked, Object, objects};
use crate::process::Process;

/// More than this of a `maps` is not read.
pub(crate) const MAX_MAPS: u64 = 16 << 20;

impl ReadAt for File {
    fn read_at(&self, at: u64, out: &mut [u8]) -> Option<()> {
        self.read_exact_at(out, at).ok()
    }
}

/// The executable and the libraries of a process; none if it has ended.
pub(super) fn objects_of(process: &Process) -> Vec<Object> {
    let Some(folder) = process.folder() else {
        return Vec::new();
    };
    let mut text = Vec::new();
    let maps = File::open(folder.join("maps"));
    let read = maps.and_then(|maps| maps.take(MAX_MAPS).read_to_end(&mut text));
    // Else these could be another process's that has the number now.
    if read.is_err() || process.is_reaped() {
        return Vec::new();
    }
    let found: Vec<Mapping> = mappings(&text).collect();
    // A library that is mapped many times is read once.
    let mut known: HashMap<(u64, Vec<u8>), Option<ElfFile>> = HashMap::new();
    objects(&found, |mapping| {
        let Some(file) = open_mapped(&folder, mapping) else {
            return Looked::Unreadable;
        };
        let key = (mapping.inode, mapping.path.clone());
        let elf = known.entry(key).or_insert_with(|| examine(&file));
        elf.clone().map_or(Looked::Other, Looked::Elf)
    })
}

/// The very file that is mapped, to be read.
pub(crate) fn open_mapped(folder: &Path, mapping: &Mapping) -> Option<File> {
    let range = format!("{:x}-{:x}", mapping.start, mapping.end);
    let by_mapping = folder.join("map_files").join(range);
    let by_path = |root: &Path| {
        let path = PathBuf::from(OsString::from_vec(mapping.path.get(1..)?.to_vec()));
        find(&root.join(path), OFlags::PATH | OFlags::NOFOLLOW, mapping)
    };
    let found = find(&by_mapping, OFlags::PATH, mapping)
        .or_else(|| by_path(&folder.join("root")))
        .or_else(|| by_path(Path::new("/")))?;
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    // Not to wait for whoever has a lease.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    open(path, flags, Mode::empty()).ok().map(File::from)
}

fn find(path: &Path, flags: OFlags, mapping: &Mapping) -> Option<OwnedFd> {
    let found = open(path, flags | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let stat = fstat(&found).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    (is_file && stat.st_ino == mapping.inode).then_some(found)
}

/// The name of a process's main thread, and the processor on which it ran last.
pub(super) fn main_thread(process: &Process, vpid: u32) -> Option<(Vec<u8>, u32)> {
    let task = process.task(vpid)?;
    let comm = fs::read(task.join("comm")).ok()?;
    let stat = fs::read(task.join("stat")).ok()?;
    let name = crate::context::name_of_comm(&comm).to_vec();
    let cpu = crate::context::processor(&stat)?;
    (!process.is_reaped()).then_some((name, cpu))
}
