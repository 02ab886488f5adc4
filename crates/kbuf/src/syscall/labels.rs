//! The names of numbers: which flags an argument has.
//!
//! `labels.txt` holds the sets; `scripts/labels.py` makes it of the kernel's headers. Which argument of
//! which call has numbers of which set no header says: that is the table here.
//!
//! ```text
//!   flags = 0x80241   ▶   O_WRONLY, O_CREAT, O_TRUNC, O_CLOEXEC
//!   flags = 0x800001  ▶   O_WRONLY, 0x800000          what has no name is told in one piece
//! ```

use std::sync::OnceLock;

use thalweg_model::{EnumClass, EnumMapping, FieldClass, IntegerClass};

static TEXT: &str = include_str!("labels.txt");

/// The numbers that an argument may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LabelSet {
    name: &'static str,
    labels: Vec<Label>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Label {
    name: &'static str,
    value: u32,
    mask: u32,
}

/// `(calls, arguments, set)`; `*` at the end stands for anything. The first line that fits counts.
const USES: &[(&str, &str, &str)] = &[
    ("open,openat", "flags", "open"),
    ("pipe2,dup3", "flags", "pipe"),
    ("epoll_create1", "flags", "epoll"),
    ("inotify_init1", "flags", "inotify_init"),
    ("signalfd4", "flags", "signalfd"),
    ("timerfd_create", "flags", "timerfd_create"),
    (
        "mmap,mprotect,pkey_mprotect,remap_file_pages,mmap2",
        "prot",
        "prot",
    ),
    ("mmap,mmap2", "flags", "mmap"),
    ("mremap", "flags", "mremap"),
    ("msync", "flags", "msync"),
    ("madvise,process_madvise", "behavior", "madvise"),
    ("mlock2", "flags", "mlock"),
    ("mlockall", "flags", "mlockall"),
    ("clone", "clone_flags", "clone"),
    ("unshare", "unshare_flags", "unshare"),
    ("setns", "flags", "unshare"),
    ("socket,socketpair", "family", "family"),
    ("socket,socketpair", "type", "socket"),
    ("accept4", "flags", "socket"),
    ("send*,recv*", "flags", "message"),
    ("shutdown", "how", "shutdown"),
    ("setsockopt,getsockopt", "level", "level"),
    ("fcntl*", "cmd", "fcntl"),
    ("lseek,llseek,_llseek", "whence", "whence"),
    ("flock", "cmd", "flock"),
    ("access,faccessat,faccessat2", "mode", "access"),
    ("faccessat2", "flags", "faccessat"),
    ("unlinkat", "flag", "unlinkat"),
    ("newfstatat,fstatat64,fchownat", "flag", "at"),
    (
        "linkat,statx,utimensat,execveat,name_to_handle_at",
        "flags",
        "at",
    ),
    ("statx", "mask", "statx"),
    ("renameat2", "flags", "rename"),
    ("getrandom", "flags", "random"),
    ("wait4,waitpid,waitid", "options", "wait"),
    ("waitid", "which", "waitid"),
    (
        "kill,tkill,tgkill,rt_sigaction,sigaction,signal,rt_sigqueueinfo,pidfd_send_signal",
        "sig",
        "signal",
    ),
    ("rt_sigprocmask,sigprocmask", "how", "sigprocmask"),
    ("futex*", "op", "futex"),
    ("prctl", "option", "prctl"),
    ("arch_prctl", "option", "arch_prctl"),
    ("mount", "flags", "mount"),
    ("umount", "flags", "umount"),
    ("clock_*", "which_clock", "clock"),
    ("timer_create", "which_clock", "clock"),
    ("timerfd_create", "clockid", "clock"),
    ("clock_nanosleep,timer_settime", "flags", "timer"),
    ("timerfd_settime", "flags", "timerfd"),
    ("getrlimit,setrlimit,prlimit64", "resource", "resource"),
    ("getrusage", "who", "rusage"),
    ("getitimer,setitimer", "which", "itimer"),
    ("getpriority,setpriority", "which", "priority"),
    (
        "sched_setscheduler,sched_get_priority_m*",
        "policy",
        "policy",
    ),
    ("bpf", "cmd", "bpf"),
    ("fallocate", "mode", "fallocate"),
    ("fadvise64", "advice", "fadvise"),
    ("memfd_create", "flags", "memfd"),
    ("eventfd2", "flags", "eventfd"),
    ("inotify_add_watch", "mask", "inotify"),
    ("close_range", "flags", "close_range"),
    ("membarrier", "cmd", "membarrier"),
    ("setxattr,lsetxattr,fsetxattr", "flags", "setxattr"),
    ("seccomp", "op", "seccomp"),
    ("ptrace", "request", "ptrace"),
    ("preadv2,pwritev2", "flags", "rwf"),
    ("io_uring_enter", "flags", "uring_enter"),
    ("perf_event_open", "flags", "perf_open"),
];

/// The set that an argument of a call has numbers of.
pub(super) fn set_of(call: &str, argument: &str) -> Option<&'static LabelSet> {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => call.starts_with(prefix),
        None => pattern == call,
    };
    let is_meant = |(calls, known, _): &&(&str, &str, &str)| {
        *known == argument && calls.split(',').any(matches)
    };
    let (_, _, name) = USES.iter().find(is_meant)?;
    sets().iter().find(|set| set.name == *name)
}

fn sets() -> &'static [LabelSet] {
    static SETS: OnceLock<Vec<LabelSet>> = OnceLock::new();
    SETS.get_or_init(|| {
        let mut sets: Vec<LabelSet> = Vec::new();
        for line in TEXT.lines() {
            match line.strip_prefix("set ") {
                Some(name) => sets.push(LabelSet {
                    name,
                    labels: Vec::new(),
                }),
                None => sets
                    .iter_mut()
                    .next_back()
                    .into_iter()
                    .for_each(|set| set.labels.extend(label(line))),
            }
        }
        sets
    })
}

fn label(line: &'static str) -> Option<Label> {
    let mut words = line.split(' ');
    Some(Label {
        name: words.next()?,
        value: words.next()?.parse().ok()?,
        mask: words.next()?.parse().ok()?,
    })
}

impl LabelSet {
    /// The class of one number that has a name.
    pub(super) fn class(&self) -> FieldClass {
        let mappings = self.labels.iter().map(|label| EnumMapping {
            label: label.name.to_owned(),
            first: label.value.into(),
            last: label.value.into(),
        });
        FieldClass::Enum(EnumClass {
            integer: IntegerClass::le(32, false),
            mappings: mappings.collect(),
        })
    }

    /// The numbers that make up an argument: at most 32, and what is left.
    pub(super) fn parts(&self, argument: u32) -> impl Iterator<Item = u32> {
        let (mut known, mut parts) = (0, Vec::new());
        for label in &self.labels {
            if known & label.mask == 0 && argument & label.mask == label.value {
                known |= label.mask;
                parts.push(label.value);
            }
        }
        let rest = argument & !known;
        parts.extend((rest != 0).then_some(rest));
        parts.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(call: &str, argument: &str, number: u32, expected: &[&str]) {
        let set = set_of(call, argument).expect("it has labels");
        let name = |part| {
            let named = set.labels.iter().find(|label| label.value == part);
            named.map_or_else(|| format!("{part:#x}"), |label| label.name.to_owned())
        };
        let names: Vec<String> = set.parts(number).map(name).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_number_is_its_flags_and_what_is_left() {
        check("openat", "flags", 0, &["O_RDONLY"]);
        check(
            "openat",
            "flags",
            0x80241,
            &["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"],
        );
        check("open", "flags", 0o4010000, &["O_RDONLY", "O_SYNC"]);
        check("open", "flags", 0x0080_0001, &["O_WRONLY", "0x800000"]);
        check("mmap", "prot", 0, &["PROT_NONE"]);
        check("mmap", "prot", 5, &["PROT_READ", "PROT_EXEC"]);
        check("mmap", "flags", 0x22, &["MAP_PRIVATE", "MAP_ANONYMOUS"]);
        check(
            "futex",
            "op",
            0x80 | 9,
            &["FUTEX_WAIT_BITSET", "FUTEX_PRIVATE_FLAG"],
        );
        check("lseek", "whence", 2, &["SEEK_END"]);
        check("lseek", "whence", 99, &["0x63"]);
        check("wait4", "options", 0, &[]);
    }

    #[test]
    fn each_use_has_a_set_and_each_set_labels_and_a_use() {
        for (calls, argument, _) in USES {
            for call in calls.split(',') {
                assert!(set_of(call, argument).is_some(), "{call} {argument}");
            }
        }
        let lines = TEXT
            .lines()
            .filter(|line| !line.starts_with("set "))
            .count();
        assert_eq!(
            sets().iter().map(|set| set.labels.len()).sum::<usize>(),
            lines
        );
        for set in sets() {
            assert!(!set.labels.is_empty(), "{}", set.name);
            assert!(
                USES.iter().any(|(_, _, name)| *name == set.name),
                "{}",
                set.name
            );
            assert!(set.parts(u32::MAX).count() <= 33, "{}", set.name);
        }
    }
}
