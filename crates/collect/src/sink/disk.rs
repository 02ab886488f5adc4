//! The few things that a trace writer asks of the file system.
//!
//! Every change to what lies on disk goes through [`Disk`], one method call for one system call, so
//! that a test can stop the writer between any two of them, cut a write short, or refuse it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Changes to a file system.
pub trait Disk {
    /// An open file.
    type File;

    /// Makes a folder and those above it.
    fn make_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes a file that must not exist.
    fn create(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a regular file for writing.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Writes some of `parts`, one after the other, from byte `at` on; says how many bytes.
    fn write_at(&self, file: &Self::File, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize>;
    /// Lets writes of whole pages go past the page cache, or not.
    fn set_direct(&self, file: &Self::File, direct: bool) -> io::Result<()>;
    /// The file for a thread of its own to write to as the machine does, if there is to be one.
    fn for_courier(&self, _file: &Self::File) -> Option<File> {
        None
    }
    /// Cuts a file off.
    fn truncate(&self, file: &Self::File, len: u64) -> io::Result<()>;
    /// Puts `from` in the place of `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The machine's own file systems.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostDisk;

/// As LTTng has them: for the user and the group, less what the umask takes.
const FILE_MODE: u32 = 0o660;
const DIR_MODE: u32 = 0o770;

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).expect("O_NOFOLLOW is an int");
    options.write(true).mode(FILE_MODE).custom_flags(no_follow);
    options
}

impl Disk for HostDisk {
    type File = File;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        options().create_new(true).open(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let file = options().open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            )),
        }
    }

    fn write_at(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize> {
        Ok(rustix::io::pwritev(file, parts, at)?)
    }

    fn set_direct(&self, file: &File, direct: bool) -> io::Result<()> {
        let flags = rustix::fs::fcntl_getfl(file)? - OFlags::DIRECT;
        let direct = if direct {
            OFlags::DIRECT
        } else {
            OFlags::empty()
        };
        Ok(rustix::fs::fcntl_setfl(file, flags | direct)?)
    }

    fn for_courier(&self, file: &File) -> Option<File> {
        file.try_clone().ok()
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

/// Writes all of `parts`, or says how many bytes were written before the error.
pub(super) fn write_all<D: Disk>(
    disk: &D,
    file: &D::File,
    mut parts: &mut [IoSlice<'_>],
    at: u64,
) -> Result<(), (u64, io::Error)> {
    let mut done = 0;
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match disk.write_at(file, parts, at + done) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(written) => {
                done += written as u64;
                IoSlice::advance_slices(&mut parts, written);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}
