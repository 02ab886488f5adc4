//! A rendezvous folder, opened only if its owner can be trusted with it.

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, fstat, fstatfs, mkdirat, open};
use rustix::io::Errno;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Why a folder is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FolderError {
    #[error("cannot open {}: {why}", path.display())]
    Open { path: PathBuf, why: Errno },
    #[error("{} belongs to user {owner}, not to {expected}", path.display())]
    Foreign {
        path: PathBuf,
        owner: u32,
        expected: u32,
    },
    #[error("{} is open to others (mode {mode:03o}, not 700)", path.display())]
    Open700 { path: PathBuf, mode: u32 },
    #[error("{} is not on tmpfs", path.display())]
    NotTmpfs { path: PathBuf },
}

/// A rendezvous folder.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) fd: OwnedFd,
    pub(crate) uid: u32,
}

impl Folder {
    /// Opens the folder of a user; makes it, if it is this process's own user.
    pub(crate) fn open(path: &Path, uid: u32) -> Result<Self, FolderError> {
        if uid == own_uid() {
            let _ = mkdirat(CWD, path, Mode::RWXU);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let failed = |why| FolderError::Open {
            path: path.to_owned(),
            why,
        };
        let fd = open(path, flags, Mode::empty()).map_err(failed)?;
        let stat = fstat(&fd).map_err(failed)?;
        if stat.st_uid != uid {
            let (path, owner) = (path.to_owned(), stat.st_uid);
            return Err(FolderError::Foreign {
                path,
                owner,
                expected: uid,
            });
        }
        if stat.st_mode & 0o077 != 0 {
            let mode = stat.st_mode & 0o777;
            return Err(FolderError::Open700 {
                path: path.to_owned(),
                mode,
            });
        }
        if fstatfs(&fd).map_err(failed)?.f_type != TMPFS_MAGIC {
            return Err(FolderError::NotTmpfs {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            fd,
            uid,
        })
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The folders to watch, and whose each must be. `$THALWEG_RUNDIR` alone, if it is set; else the
/// user's own, and for root those of all users.
pub(crate) fn candidates() -> Vec<(PathBuf, u32)> {
    let own = own_uid();
    if let Some(folder) = absolute("THALWEG_RUNDIR") {
        return vec![(folder, own)];
    }
    let mut found = Vec::new();
    if let Some(folder) = absolute("XDG_RUNTIME_DIR") {
        found.push((folder.join("thalweg"), own));
    }
    if own == 0 {
        found.push((PathBuf::from("/run/thalweg"), 0));
    }
    found.push((PathBuf::from(format!("/dev/shm/thalweg-{own}")), own));
    if own == 0 {
        found.extend(of_all_users());
    }
    found.sort();
    found.dedup();
    found
}

/// What the names of this user's recordings begin with: recorders that meet in other folders, in a
/// container or in a test, know nothing of each other's adverts, so they keep their hands off each
/// other's instances.
pub(crate) fn tag() -> String {
    let own = format!("/dev/shm/thalweg-{}", own_uid());
    let folder = absolute("THALWEG_RUNDIR").unwrap_or_else(|| PathBuf::from(own));
    // FNV-1a: the same in every version of this program.
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let bytes = folder.as_os_str().as_encoded_bytes();
    format!("{:08x}", bytes.iter().fold(0x811c_9dc5, step))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// Folders that other users' programs have made. Whose they are is in their names.
fn of_all_users() -> Vec<(PathBuf, u32)> {
    let shm = names("/dev/shm").into_iter().filter_map(|name| {
        let uid = name.strip_prefix("thalweg-")?.parse().ok()?;
        Some((Path::new("/dev/shm").join(&name), uid))
    });
    let run = names("/run/user").into_iter().filter_map(|name| {
        let path = Path::new("/run/user").join(&name).join("thalweg");
        Some((path, name.parse().ok()?))
    });
    shm.chain(run).filter(|(path, _)| path.is_dir()).collect()
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}
