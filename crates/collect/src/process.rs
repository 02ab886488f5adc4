//! A traced process, as this host knows it: is it alive, and which threads does it have.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::Timespec;
use std::collections::BTreeSet;
use std::fs;

/// A process of this host, never mistaken for another one with its number.
#[derive(Debug, Default)]
pub struct Process {
    known: Option<(u32, OwnedFd)>,
}

impl Process {
    /// The process with this number now, if there is one.
    pub fn open(pid: u32) -> Self {
        let open = |pid: Pid| pidfd_open(pid, PidfdFlags::empty()).ok();
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self {
            known: raw.and_then(open).map(|pidfd| (pid, pidfd)),
        }
    }

    /// Its number, if it is known.
    pub fn pid(&self) -> Option<u32> {
        self.known.as_ref().map(|(pid, _)| *pid)
    }

    /// Whether it has ended; one that was never found counts as ended.
    pub fn has_ended(&self) -> bool {
        let Some((_, pidfd)) = &self.known else {
            return true;
        };
        let mut watched = [PollFd::new(pidfd, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        poll(&mut watched, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// The ids of its threads, by the numbers that it uses itself; empty if it has ended, `None`
    /// if they cannot be told (another pid namespace).
    pub fn threads(&self, vpid: u32) -> Option<BTreeSet<u32>> {
        if self.has_ended() {
            return Some(BTreeSet::new());
        }
        let pid = self.pid().filter(|pid| *pid == vpid)?;
        let entries = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let threads = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        Some(threads.collect())
    }
}
