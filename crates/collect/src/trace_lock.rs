//! Who writes a trace, or finishes what a dead recorder left of it, holds its folder locked. A lock in a
//! rendezvous folder says less: that folder is its user's, who can put other files in the place of ours.

use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

/// A trace's folder, locked until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct TraceLock(#[expect(dead_code, reason = "it holds the lock")] OwnedFd);

/// Somebody else has the lock.
#[derive(Debug)]
pub(crate) struct IsWritten;

impl TraceLock {
    /// Locks a trace's folder; nothing if it is not there, or its file system has no locks.
    pub(crate) fn take(trace: &Path) -> Result<Option<Self>, IsWritten> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let Ok(folder) = open(trace, flags, Mode::empty()) else {
            return Ok(None);
        };
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Err(IsWritten),
            locked => Ok(locked.ok().map(|()| Self(folder))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        let first = TraceLock::take(folder.path()).unwrap();
        assert!(first.is_some());
        assert!(TraceLock::take(folder.path()).is_err());
        drop(first);
        assert!(TraceLock::take(folder.path()).unwrap().is_some());
        let missing = TraceLock::take(&folder.path().join("missing"));
        assert!(missing.unwrap().is_none());
    }
}
