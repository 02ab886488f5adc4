//! The rendezvous folder: the first one that this process can trust.

use super::path::Path;
use crate::sys::{self, Fd};
use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Release},
};

/// An open rendezvous folder.
pub(crate) struct Folder {
    fd: Fd,
    path: Path,
}

/// Where folders may be, in the order in which they are tried. Written before `main` only.
struct Candidates(UnsafeCell<[Path; 4]>);

// SAFETY: written once by the constructor, when there is one thread; read-only afterwards.
unsafe impl Sync for Candidates {}

static CANDIDATES: Candidates = Candidates(UnsafeCell::new([Path::new(); 4]));

/// The rendezvous file that stands now, and the process whose it is (0: none).
struct Published {
    owner: AtomicU32,
    path: UnsafeCell<Path>,
}

// SAFETY: the path is written by the one thread that sets the process up, before the Release
// store of the owner; readers load the owner first.
unsafe impl Sync for Published {}

static PUBLISHED: Published = Published {
    owner: AtomicU32::new(0),
    path: UnsafeCell::new(Path::new()),
};

/// Reads the environment, as long as nobody can be changing it.
pub(crate) fn remember() {
    let mut candidates = [Path::new(); 4];
    // SAFETY: reads a value from the auxiliary vector. A program with more rights than its caller
    // does not believe its caller's environment.
    let trusted = unsafe { libc::getauxval(libc::AT_SECURE) } == 0;
    if trusted && let Some(folder) = variable(c"THALWEG_RUNDIR") {
        candidates[0].push(folder);
    }
    if trusted && let Some(folder) = variable(c"XDG_RUNTIME_DIR") {
        candidates[1].push(folder).push(b"/thalweg");
    }
    candidates[2].push(b"/run/thalweg");
    candidates[3]
        .push(b"/dev/shm/thalweg-")
        .push_decimal(u64::from(user()));
    // SAFETY: before `main`, in the constructor's only thread.
    unsafe { *CANDIDATES.0.get() = candidates };
}

fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: the name is a C string; before `main` nobody changes the environment.
    let value: *const c_char = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv returns a C string that lives in the environment.
    let value = unsafe { CStr::from_ptr(value) };
    Some(value.to_bytes()).filter(|bytes| bytes.first() == Some(&b'/'))
}

fn user() -> u32 {
    // SAFETY: no memory is passed.
    unsafe { libc::geteuid() }
}

impl Folder {
    /// The first candidate that exists or can be made, and is to be trusted.
    pub(crate) fn open_first() -> Option<Self> {
        // SAFETY: nobody writes after the constructor.
        let candidates = unsafe { &*CANDIDATES.0.get() };
        candidates
            .iter()
            .filter(|path| !path.bytes().is_empty())
            .find_map(Self::open)
    }

    fn open(path: &Path) -> Option<Self> {
        let name = path.as_c_str()?;
        // SAFETY: the name is a C string. It may exist already: what counts is what is found.
        unsafe { libc::mkdir(name.as_ptr(), 0o700) };
        let fd = sys::open(libc::AT_FDCWD, name, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
        let found = sys::identity(&fd)?;
        let private = found.st_uid == user() && found.st_mode & 0o077 == 0;
        (private && is_on_tmpfs(&fd)).then_some(Self { fd, path: *path })
    }

    pub(crate) fn descriptor(&self) -> c_int {
        self.fd.0
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a complete file its name.
    pub(crate) fn publish(&self, hidden: &Path, name: &Path) {
        let (Some(from), Some(to)) = (hidden.as_c_str(), name.as_c_str()) else {
            return;
        };
        // SAFETY: both names are C strings.
        let done = unsafe { libc::renameat(self.fd.0, from.as_ptr(), self.fd.0, to.as_ptr()) };
        if done != 0 {
            return;
        }
        let mut path = self.path;
        path.push(b"/").push(name.bytes());
        // SAFETY: only the thread that sets the process up comes here, once a process.
        unsafe { *PUBLISHED.path.get() = path };
        PUBLISHED.owner.store(sys::getpid(), Release);
    }
}

/// Removes the file of this process.
pub(crate) fn remove_published(pid: u32) {
    if PUBLISHED.owner.load(Acquire) != pid {
        return;
    }
    // SAFETY: written before the owner was stored, and not since.
    if let Some(path) = unsafe { &*PUBLISHED.path.get() }.as_c_str() {
        // SAFETY: the path is a C string.
        unsafe { libc::unlink(path.as_ptr()) };
    }
}

/// Only on tmpfs is what we write there in memory, and gone after a reboot.
fn is_on_tmpfs(folder: &Fd) -> bool {
    let mut found = core::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the pointer is to room for one statfs.
    let done = unsafe { libc::fstatfs(folder.0, found.as_mut_ptr()) } == 0;
    // Each C library has a type of its own for it.
    const TMPFS: u32 = libc::TMPFS_MAGIC as u32;
    // SAFETY: filled, as the call succeeded.
    done && u32::try_from(unsafe { found.assume_init() }.f_type) == Ok(TMPFS)
}
