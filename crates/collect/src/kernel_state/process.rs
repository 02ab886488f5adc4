//! What `/proc` tells of a process, its threads and its descriptors.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use thalweg_kernel::own_name;

use super::events::{COMM_BYTES, StateKind};
use super::taker::Dump;
use super::{maps, namespaces};
use crate::context::{namespace, put_text};

/// LTTng's numbers.
const USER_THREAD: i32 = 0;
const KERNEL_THREAD: i32 = 1;
const MODE_UNKNOWN: i32 = 5;
const SUBMODE_UNKNOWN: i32 = 1;
const WAIT_CPU: i32 = 2;
const ZOMBIE: i32 = 4;
const WAIT: i32 = 5;
const DEAD: i32 = 7;

/// `PF_KTHREAD` in a thread's flags.
const IS_KERNELS: u32 = 0x0020_0000;

/// `FMODE_READ` and `FMODE_WRITE`.
const READS: u32 = 1;
const WRITES: u32 = 2;
const ACCESS: u32 = 3;

/// What a thread's `stat` tells.
#[derive(Debug, PartialEq, Eq)]
struct Stat<'t> {
    name: &'t [u8],
    state: u8,
    parent: i32,
    flags: u32,
    cpu: u32,
}

impl<'t> Stat<'t> {
    /// The name is anything that the thread likes; the last parenthesis is the kernel's.
    fn parse(text: &'t [u8]) -> Option<Self> {
        let begin = text.iter().position(|&byte| byte == b'(')? + 1;
        let end = text.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        Some(Self {
            name: text.get(begin..end)?,
            state: *words.first()?.as_bytes().first()?,
            parent: words.get(1)?.parse().ok()?,
            flags: words.get(6)?.parse().ok()?,
            cpu: words.get(36)?.parse().ok()?,
        })
    }

    fn kind(&self) -> i32 {
        match self.flags & IS_KERNELS {
            0 => USER_THREAD,
            _ => KERNEL_THREAD,
        }
    }

    fn status(&self) -> i32 {
        match self.state {
            b'R' => WAIT_CPU,
            b'Z' => ZOMBIE,
            b'X' | b'x' => DEAD,
            _ => WAIT,
        }
    }
}

/// A thread's numbers in each pid namespace, ours first.
pub(super) fn numbers(status: &str, key: &str) -> Vec<i32> {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let words = line.unwrap_or_default().split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

/// What it does with the file: the flags in an `fdinfo`, in octal there.
fn open_flags(fdinfo: &str) -> Option<u32> {
    let line = fdinfo
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(line.trim(), 8).ok()
}

const fn mode_of(flags: u32) -> u32 {
    match flags & ACCESS {
        0 => READS,
        1 => WRITES,
        _ => READS | WRITES,
    }
}

/// Tells all threads of a process, and its descriptors; whether there was time for all. One that ends
/// meanwhile is left out, as far as it is gone.
pub(super) fn tell(dump: &mut Dump<'_>, pid: i32) -> bool {
    let folder = Path::new("/proc").join(pid.to_string());
    for tid in numbered(&folder.join("task")) {
        if dump.is_late() {
            return false;
        }
        let thread = folder.join("task").join(tid.to_string());
        let _ = tell_thread(dump, &thread, pid, tid);
    }
    let is_whole = tell_descriptors(dump, &folder, pid);
    maps::tell(dump, &folder, pid);
    is_whole
}

fn tell_thread(dump: &mut Dump<'_>, folder: &Path, pid: i32, tid: i32) -> Option<()> {
    let text = fs::read(folder.join("stat")).ok()?;
    let stat = Stat::parse(&text)?;
    if stat.kind() == KERNEL_THREAD {
        dump.note_interrupt_thread(tid, stat.name);
    }
    dump.push(StateKind::ProcessState, |out| {
        put_all(out, &[tid, pid, stat.parent]);
        out.extend(comm(stat.name));
        put_all(
            out,
            &[stat.kind(), MODE_UNKNOWN, SUBMODE_UNKNOWN, stat.status()],
        );
        out.extend(stat.cpu.to_le_bytes());
        out.extend(table_of(pid).to_le_bytes());
    });
    for (name, kind) in [
        ("cgroup", StateKind::ProcessCgroupNs),
        ("ipc", StateKind::ProcessIpcNs),
        ("mnt", StateKind::ProcessMntNs),
        ("net", StateKind::ProcessNetNs),
        ("uts", StateKind::ProcessUtsNs),
        ("time", StateKind::ProcessTimeNs),
    ] {
        if !dump.wants(kind) {
            continue;
        }
        if let Some(inode) = inode_of(folder, name) {
            dump.push(kind, |out| {
                put_all(out, &[tid]);
                out.extend(inode.to_le_bytes());
            });
        }
    }
    let of_status = [StateKind::ProcessPidNs, StateKind::ProcessUserNs];
    if !of_status.into_iter().any(|kind| dump.wants(kind)) {
        return Some(());
    }
    let status = fs::read(folder.join("status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    namespaces::tell_pid(dump, folder, tid, &status, stat.parent);
    namespaces::tell_user(dump, folder, tid, &status);
    Some(())
}

fn tell_descriptors(dump: &mut Dump<'_>, folder: &Path, pid: i32) -> bool {
    if !dump.wants(StateKind::FileDescriptor) {
        return true;
    }
    for fd in numbered(&folder.join("fd")) {
        if dump.is_late() {
            return false;
        }
        let name = fs::read_link(folder.join("fd").join(fd.to_string()));
        let info = fs::read_to_string(folder.join("fdinfo").join(fd.to_string()));
        let (Ok(name), Ok(info)) = (name, info) else {
            continue;
        };
        let flags = open_flags(&info).unwrap_or(0);
        dump.push(StateKind::FileDescriptor, |out| {
            out.extend(table_of(pid).to_le_bytes());
            put_all(out, &[fd]);
            out.extend(flags.to_le_bytes());
            out.extend(mode_of(flags).to_le_bytes());
            put_text(name.as_os_str().as_bytes(), out);
        });
    }
    true
}

/// What stands for the address of a process's table of descriptors.
const fn table_of(pid: i32) -> u64 {
    pid.cast_unsigned() as u64
}

/// A thread's name as the kernel has it, with NULs behind.
fn comm(name: &[u8]) -> [u8; COMM_BYTES] {
    let name = own_name(name);
    let mut room = [0; COMM_BYTES];
    let len = name.len().min(COMM_BYTES - 1);
    room[..len].copy_from_slice(&name[..len]);
    room
}

/// The inode number of a thread's namespace.
pub(super) fn inode_of(folder: &Path, namespace_of: &str) -> Option<u32> {
    let link = fs::read_link(folder.join("ns").join(namespace_of)).ok()?;
    namespace(link.as_os_str().as_bytes())?.try_into().ok()
}

/// The entries of a folder that are numbers.
pub(super) fn numbered(folder: &Path) -> impl Iterator<Item = i32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

pub(super) fn put_all(out: &mut Vec<u8>, numbers: &[i32]) {
    out.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_what_ends_names() {
        let rest =
            "S 1 2 3 4 5 2097152 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 3 0";
        let text = format!("7 (a) R 9 (b)) {rest}");
        let stat = Stat::parse(text.as_bytes()).unwrap();
        let expected = Stat {
            name: b"a) R 9 (b)",
            state: b'S',
            parent: 1,
            flags: IS_KERNELS,
            cpu: 3,
        };
        assert_eq!(stat, expected);
        assert_eq!((stat.kind(), stat.status()), (KERNEL_THREAD, WAIT));
        for wrong in ["", "7", "7 (a", "7 (a) S", "7 )a( S 1", "7 (a) S x"] {
            assert_eq!(Stat::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn flags_are_octal_and_tell_the_mode() {
        assert_eq!(open_flags("pos:\t0\nflags:\t02100002\n"), Some(0o2_100_002));
        assert_eq!(open_flags("pos:\t0\n"), None);
        assert_eq!([0, 1, 2].map(mode_of), [READS, WRITES, READS | WRITES]);
    }

    #[test]
    fn a_thread_has_a_number_in_each_namespace() {
        let status = "Name:\tx\nNStgid:\t70\t2\nNSpid:\t71\t3\n";
        assert_eq!(numbers(status, "NSpid:"), [71, 3]);
        assert_eq!(numbers(status, "NStgid:"), [70, 2]);
        assert_eq!(numbers(status, "NSsid:"), []);
    }
}
