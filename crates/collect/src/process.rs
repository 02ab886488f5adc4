//! A traced process, as this host knows it: is it alive, and which threads does it have.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::Timespec;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::context::innermost_tid;

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

    /// Whether it has ended and its parent knows: another process may have its number then.
    pub(crate) fn is_reaped(&self) -> bool {
        let Some((_, pidfd)) = self.known.as_ref().filter(|_| self.has_ended()) else {
            return self.known.is_none();
        };
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()));
        !info.is_ok_and(|info| info.lines().any(is_pid_of_a_zombie))
    }

    /// Its threads, by the numbers that it uses itself; none if it has ended, `None` if they cannot
    /// be told (another pid namespace).
    pub fn threads(&self, vpid: u32) -> Option<Threads> {
        if self.has_ended() {
            return Some(Threads::default());
        }
        let pid = self.pid().filter(|pid| *pid == vpid)?;
        let entries = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        let listed = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        Some(Threads {
            pid: Some(pid),
            listed: listed.collect(),
        })
    }

    /// The same process, for somebody else to look after.
    pub(crate) fn try_clone(&self) -> std::io::Result<Self> {
        let known = match &self.known {
            Some((pid, pidfd)) => Some((*pid, pidfd.try_clone()?)),
            None => None,
        };
        Ok(Self { known })
    }

    /// Its folder in `/proc`, as long as it lives.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.pid().map(|pid| PathBuf::from(format!("/proc/{pid}")))
    }

    /// The folder of one of its threads; process and thread by the numbers that it uses itself,
    /// which in a pid namespace of its own are not ours.
    pub(crate) fn task(&self, vpid: u32, vtid: u32) -> Option<PathBuf> {
        let tasks = self.folder()?.join("task");
        let found = if self.pid() == Some(vpid) {
            Some(tasks.join(vtid.to_string()))
        } else {
            let tasks = fs::read_dir(tasks).ok()?.filter_map(Result::ok);
            tasks.map(|task| task.path()).find(|task| {
                let status = fs::read_to_string(task.join("status")).unwrap_or_default();
                innermost_tid(&status) == Some(vtid)
            })
        };
        found.filter(|task| task.is_dir())
    }
}

/// Whether a line of a pidfd's `fdinfo` has a number still: it is -1 when nobody has it any more.
fn is_pid_of_a_zombie(line: &str) -> bool {
    let number = line.strip_prefix("Pid:").map(str::trim);
    number.is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number > 0))
}

/// The threads of a process at some time.
#[derive(Clone, Debug, Default)]
pub struct Threads {
    pid: Option<u32>,
    listed: BTreeSet<u32>,
}

impl Threads {
    /// Whether a thread was alive then, or is now: a list that the kernel makes while threads end may
    /// leave a living one out, so that one that is not in it is asked for by its number.
    pub fn contains(&self, tid: u32) -> bool {
        let asked = |pid| fs::exists(format!("/proc/{pid}/task/{tid}")).unwrap_or(true);
        self.listed.contains(&tid) || self.pid.is_some_and(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_keeps_its_number_until_its_parent_knows_of_its_end() {
        let mut child = Command::new("true").spawn().expect("coreutils");
        let process = Process::open(child.id());
        while !process.has_ended() {
            std::thread::yield_now();
        }
        assert!(!process.is_reaped());
        child.wait().expect("it is our child");
        assert!(process.is_reaped());
        assert!(Process::default().is_reaped());
    }

    #[test]
    fn a_thread_is_found_by_its_number() {
        let own = std::process::id();
        let process = Process::open(own);
        let task = process.task(own, own).expect("the main thread lives");
        assert_eq!(task, PathBuf::from(format!("/proc/{own}/task/{own}")));
        assert_eq!(process.task(own, u32::MAX), None);
        // As if it had other numbers in a namespace of its own: by what its status says.
        assert_eq!(process.task(own + 1, own), Some(task));
    }
}
