//! The threads that there are when a recording begins, from `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::table::State;
use crate::track::FIRST_NAMESPACE;

/// Every thread, with its number.
pub(super) fn threads() -> impl Iterator<Item = (u32, State)> {
    numbers("/proc").flat_map(|process| {
        let threads = numbers(&format!("/proc/{process}/task"));
        let threads: Vec<u32> = threads.collect();
        let read = move |thread| {
            let folder = format!("/proc/{process}/task/{thread}");
            let status = fs::read(format!("{folder}/status")).ok()?;
            let comm = fs::read(format!("{folder}/comm")).ok()?;
            let state = state(&String::from_utf8_lossy(&status), &comm, || {
                fs::metadata(format!("{folder}/ns/pid"))
                    .ok()
                    .map(|found| found.ino())
            });
            Some((thread, state?))
        };
        threads.into_iter().filter_map(read)
    })
}

/// A thread's parent now; `None` if the thread is gone.
pub(super) fn parent(tid: u32) -> Option<i32> {
    let status = fs::read(format!("/proc/{tid}/status")).ok()?;
    value(&String::from_utf8_lossy(&status), "PPid:")?
        .parse()
        .ok()
}

fn numbers(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// What `status` and `comm` say; a namespace is only looked for if it is not the first.
fn state(status: &str, comm: &[u8], namespace: impl Fn() -> Option<u64>) -> Option<State> {
    let number = |key| value(status, key)?.parse().ok();
    let (pid, ppid) = (number("Tgid:")?, number("PPid:")?);
    let own: Vec<&str> = value(status, "NSpid:")?.split_whitespace().collect();
    let namespace = match own.len() {
        0 | 1 => Some(FIRST_NAMESPACE),
        _ => namespace(),
    };
    let mut name = [0; 16];
    let comm = own_name(comm.strip_suffix(b"\n").unwrap_or(comm));
    let len = comm.len().min(15);
    name[..len].copy_from_slice(&comm[..len]);
    Some(State {
        pid,
        ppid,
        vtid: own.last()?.parse().ok()?,
        // Inodes of namespaces have 32 bits.
        namespace: namespace.unwrap_or_default() as u32,
        comm: name,
        is_adopted: false,
    })
}

/// A name without what `/proc` adds to a kernel worker's: what it works on, behind a sign.
fn own_name(comm: &[u8]) -> &[u8] {
    let is_worker = comm.starts_with(b"kworker/") && !comm.starts_with(b"kworker/R-");
    let end = comm.iter().position(|byte| b"-+".contains(byte));
    match end.filter(|_| is_worker) {
        Some(end) => &comm[..end],
        None => comm,
    }
}

fn value<'s>(status: &'s str, key: &str) -> Option<&'s str> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_what_proc_says() {
        let text = "Name:\tx\nTgid:\t70\nPid:\t71\nPPid:\t1\nNSpid:\t71\t3\n";
        let found = state(text, b"a name\n", || Some(9)).unwrap();
        assert_eq!(
            (found.pid, found.ppid, found.vtid, found.namespace),
            (70, 1, 3, 9)
        );
        assert_eq!(&found.comm, b"a name\0\0\0\0\0\0\0\0\0\0");
        let plain = text.replace("\t71\t3", "\t71");
        let found = state(&plain, b"", || panic!("it is the first")).unwrap();
        assert_eq!((found.vtid, found.namespace), (71, FIRST_NAMESPACE as u32));
        assert!(state("Tgid:\tx\n", b"", || None).is_none());
    }

    #[test]
    fn a_worker_s_name_is_without_its_work() {
        assert_eq!(own_name(b"kworker/0:1-events"), b"kworker/0:1");
        assert_eq!(own_name(b"kworker/u8:2+flush"), b"kworker/u8:2");
        assert_eq!(own_name(b"kworker/R-mm_pe"), b"kworker/R-mm_pe");
        assert_eq!(own_name(b"a-b"), b"a-b");
    }

    #[test]
    fn this_thread_is_found() {
        let own = rustix::thread::gettid()
            .as_raw_nonzero()
            .get()
            .cast_unsigned();
        let found = threads().find(|(tid, _)| *tid == own).unwrap().1;
        assert_eq!(found.pid.cast_unsigned(), std::process::id());
        assert_eq!(parent(std::process::id()), Some(found.ppid));
    }
}
