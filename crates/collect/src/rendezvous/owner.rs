//! Which process a rendezvous file is of, when the number in it may be another namespace's.
//!
//! ```text
//!   file: pid 7 in namespace N        N is ours     /proc/7
//!                                     N is another  the process of N whose own number is 7, if /proc
//!                                                   shows it; else nobody knows whether it lives
//! ```
//!
//! Invariant: a process is only a candidate here. That it is the right one shows the memory that it
//! has, see [`super::open_memfd`].

use rustix::fs::{Mode, OFlags, fstat, open};
use std::cell::OnceCell;
use std::fs;

use crate::context::innermost_tid;
use crate::process::Process;

/// The first pid namespace, from which all processes are seen: a number that the kernel keeps.
const FIRST_NAMESPACE: u64 = 0xEFFF_FFFC;

/// Whose a file is.
#[derive(Debug)]
pub(crate) enum Owner {
    /// This process's.
    Known(Process),
    /// That of a process that has ended.
    Gone,
    /// That of a process that cannot be seen from here, whether it has ended or not.
    Hidden,
}

/// The processes that there are, for as many files as are looked at in one go.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    /// The other namespaces' processes, listed when the first is asked for.
    elsewhere: OnceCell<Vec<Elsewhere>>,
}

/// A process in another pid namespace.
#[derive(Debug)]
struct Elsewhere {
    /// Our number for it, and its own.
    pid: u32,
    own_pid: u32,
    pid_ns: u64,
}

impl Owners {
    /// Whose number `pid` is in the namespace `pid_ns`.
    pub(crate) fn find(&self, pid: u32, pid_ns: u64) -> Owner {
        let ours = namespace_of("self").unwrap_or(0);
        if pid_ns == 0 || pid_ns == ours {
            let process = Process::open(pid);
            return match process.has_ended() {
                true => Owner::Gone,
                false => Owner::Known(process),
            };
        }
        let elsewhere = self.elsewhere.get_or_init(list);
        let mut of_namespace = elsewhere.iter().filter(|one| one.pid_ns == pid_ns);
        if let Some(found) = of_namespace.clone().find(|one| one.own_pid == pid) {
            return Owner::Known(Process::open(found.pid));
        }
        let sees_all = ours == FIRST_NAMESPACE && rustix::process::geteuid().is_root();
        match sees_all || of_namespace.next().is_some() {
            true => Owner::Gone,
            false => Owner::Hidden,
        }
    }
}

/// Whether `/proc` shows this process under the number that it has itself: else its numbers are not
/// ours, and each would be another process's. `None` if there is no `/proc`.
pub(crate) fn has_own_proc() -> Option<bool> {
    let own = fs::read_link("/proc/self").ok()?;
    Some(own.to_str() == Some(&std::process::id().to_string()))
}

fn list() -> Vec<Elsewhere> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(elsewhere).collect()
}

fn elsewhere(pid: u32) -> Option<Elsewhere> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let own_pid = innermost_tid(&status).filter(|_| crate::context::is_nested(&status))?;
    let pid_ns = namespace_of(&pid.to_string())?;
    Some(Elsewhere {
        pid,
        own_pid,
        pid_ns,
    })
}

/// The inode number of a process's pid namespace.
fn namespace_of(process: &str) -> Option<u64> {
    let path = format!("/proc/{process}/ns/pid");
    let namespace = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    Some(fstat(&namespace).ok()?.st_ino)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[track_caller]
    fn check(pid: u32, pid_ns: u64, expected: &str) {
        let found = match Owners::default().find(pid, pid_ns) {
            Owner::Known(process) => format!("known {:?}", process.pid()),
            Owner::Gone => "gone".to_owned(),
            Owner::Hidden => "hidden".to_owned(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_number_of_our_namespace_is_ours() {
        let own = std::process::id();
        let ours = namespace_of("self").unwrap();
        check(own, ours, &format!("known Some({own})"));
        check(own, 0, &format!("known Some({own})"));
        check(0x7fff_ffff, ours, "gone");
    }

    #[test]
    fn a_number_of_another_namespace_is_found_there_or_nowhere() {
        let mut command = Command::new("unshare");
        command.args(["-pf", "sleep", "1000"]).stdin(Stdio::null());
        let mut outer = command.spawn().expect("util-linux");
        let children = format!("/proc/{0}/task/{0}/children", outer.id());
        let inner = (0..10_000).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            let text = fs::read_to_string(&children).ok()?;
            let pid: u32 = text.trim().parse().ok()?;
            let comm = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
            (comm == "sleep\n").then_some(pid)
        });
        let inner = inner.expect("unshare starts it");
        let pid_ns = namespace_of(&inner.to_string()).unwrap();
        check(1, pid_ns, &format!("known Some({inner})"));
        check(2, pid_ns, "gone");
        let inner = rustix::process::Pid::from_raw(inner.cast_signed()).unwrap();
        rustix::process::kill_process(inner, rustix::process::Signal::KILL).unwrap();
        outer.wait().unwrap();
        // Nobody is left in it. Who does not see all processes does not know that.
        let sees_all = namespace_of("self") == Some(FIRST_NAMESPACE);
        check(1, pid_ns, if sees_all { "gone" } else { "hidden" });
    }
}
