//! A traced process, as this host knows it: is it alive, and which threads does it have.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::Timespec;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::context::{innermost_tid, is_nested, name_of_comm};

/// A process of this host, never mistaken for another one with its number.
///
/// One in a pid namespace of its own has numbers there that are not ours; one in a namespace that
/// cannot be seen from ours has no number here at all.
#[derive(Debug, Default)]
pub struct Process {
    pid: Option<u32>,
    pidfd: Option<OwnedFd>,
    /// It calls itself and its threads by other numbers than we do.
    is_nested: bool,
}

impl Process {
    /// The process with this number now, if there is one.
    pub fn open(pid: u32) -> Self {
        let open = |pid: Pid| pidfd_open(pid, PidfdFlags::empty()).ok();
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
        match raw.and_then(open) {
            Some(pidfd) => Self::of(Some(pid), pidfd),
            None => Self::default(),
        }
    }

    /// The process that a descriptor stands for, with its number, if it has one here.
    pub(crate) fn of(pid: Option<u32>, pidfd: OwnedFd) -> Self {
        let status = pid.map(|pid| fs::read_to_string(format!("/proc/{pid}/status")));
        Self {
            pid,
            pidfd: Some(pidfd),
            is_nested: status.is_some_and(|status| status.is_ok_and(|status| is_nested(&status))),
        }
    }

    /// Its number, if it has one here.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// What stands for it whatever its number is.
    pub(crate) fn pidfd(&self) -> Option<&OwnedFd> {
        self.pidfd.as_ref()
    }

    /// Whether it lives where it cannot be seen from here.
    pub(crate) fn is_hidden(&self) -> bool {
        self.pid.is_none() && self.pidfd.is_some()
    }

    /// Whether it has ended; one that was never found counts as ended.
    pub fn has_ended(&self) -> bool {
        let Some(pidfd) = &self.pidfd else {
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
        let Some(pidfd) = self.pidfd.as_ref().filter(|_| self.has_ended()) else {
            return self.pidfd.is_none();
        };
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()));
        !info.is_ok_and(|info| info.lines().any(is_pid_of_a_zombie))
    }

    /// Its threads, by the numbers that it uses itself; none if it has ended, `None` if they cannot
    /// be told.
    pub fn threads(&self) -> Option<Threads> {
        if self.has_ended() {
            return Some(Threads::default());
        }
        let folder = self.folder()?.join("task");
        if self.is_nested {
            return (0..TRIES).find_map(|_| nested_threads(&folder));
        }
        Some(Threads {
            pid: self.pid,
            listed: numbers(&folder)?,
        })
    }

    /// The same process, for somebody else to look after.
    pub(crate) fn try_clone(&self) -> std::io::Result<Self> {
        let pidfd = self.pidfd.as_ref().map(OwnedFd::try_clone);
        Ok(Self {
            pid: self.pid,
            pidfd: pidfd.transpose()?,
            is_nested: self.is_nested,
        })
    }

    /// Its folder in `/proc`, as long as it lives.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.pid.map(|pid| PathBuf::from(format!("/proc/{pid}")))
    }

    /// The folder of one of its threads, by the number that it uses itself.
    pub(crate) fn task(&self, vtid: u32) -> Option<PathBuf> {
        let tasks = self.folder()?.join("task");
        let found = if self.is_nested {
            let numbers = numbers(&tasks)?;
            let mut folders = numbers.iter().map(|tid| tasks.join(tid.to_string()));
            folders.find(|task| own_number(task) == Some(vtid))
        } else {
            Some(tasks.join(vtid.to_string()))
        };
        found.filter(|task| task.is_dir())
    }

    /// The numbers that its threads use themselves, and their names; at most `most` of them.
    pub(crate) fn thread_names(&self, most: usize) -> Vec<(u32, Vec<u8>)> {
        let tasks = self.folder().map(|folder| folder.join("task"));
        let listed = tasks.as_deref().and_then(numbers).unwrap_or_default();
        let named = listed.into_iter().take(most).filter_map(|tid| {
            let task = tasks.as_ref()?.join(tid.to_string());
            let comm = fs::read(task.join("comm")).ok()?;
            let vtid = if self.is_nested {
                own_number(&task)?
            } else {
                tid
            };
            Some((vtid, name_of_comm(&comm).to_vec()))
        });
        let named = named.collect();
        // Else these could be another process's that has the number now.
        if self.is_reaped() { Vec::new() } else { named }
    }
}

/// How often threads are listed until none ends meanwhile.
const TRIES: usize = 8;

/// The names of a folder that are numbers.
fn numbers(folder: &Path) -> Option<BTreeSet<u32>> {
    let entries = fs::read_dir(folder).ok()?;
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Some(numbers.collect())
}

/// A thread's number in its own pid namespace.
fn own_number(task: &Path) -> Option<u32> {
    innermost_tid(&fs::read_to_string(task.join("status")).ok()?)
}

/// All threads below a `task`, by their own numbers; `None` if one came or went meanwhile.
///
/// A list that the kernel makes while threads end may leave a living one out, and here nobody can be
/// asked for by number. So these were all at the time of the count: each was there before and after
/// it, and there were as many.
fn nested_threads(folder: &Path) -> Option<Threads> {
    let before = numbers(folder)?;
    let own = before
        .iter()
        .map(|tid| own_number(&folder.join(tid.to_string())));
    let listed = own.collect::<Option<BTreeSet<u32>>>()?;
    // A folder has a link in each of its folders, in its parent, and to itself.
    let count = fs::metadata(folder).ok()?.nlink().checked_sub(2)?;
    let is_all = count == before.len() as u64 && numbers(folder)? == before;
    is_all.then_some(Threads { pid: None, listed })
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
        let task = process.task(own).expect("the main thread lives");
        assert_eq!(task, PathBuf::from(format!("/proc/{own}/task/{own}")));
        assert_eq!(process.task(u32::MAX), None);
        // As if it had other numbers in a namespace of its own: by what its status says.
        let nested = Process {
            is_nested: true,
            ..process
        };
        assert_eq!(nested.task(own), Some(task));
        assert_eq!(nested.task(u32::MAX), None);
    }

    #[test]
    fn threads_of_another_namespace_are_listed_whole_or_not_at_all() {
        let nested = Process {
            is_nested: true,
            ..Process::open(std::process::id())
        };
        let (send, end) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let waiting = std::thread::Builder::new().name("a thread".to_owned());
        let work = move || {
            tell.send(rustix::thread::gettid().as_raw_nonzero().get())
                .unwrap();
            let _ = end.recv();
        };
        let thread = waiting.spawn(work).unwrap();
        let tid = told.recv().unwrap().cast_unsigned();
        // Other tests' threads come and go.
        let threads = (0..1000)
            .find_map(|_| nested.threads())
            .expect("a calm moment");
        assert!(threads.contains(tid) && threads.contains(std::process::id()));
        assert!(!threads.contains(u32::MAX));
        let name = (tid, b"a thread".to_vec());
        assert!(nested.thread_names(1 << 20).contains(&name));
        assert_eq!(nested.thread_names(1).len(), 1);
        drop(send);
        thread.join().unwrap();
    }
}
