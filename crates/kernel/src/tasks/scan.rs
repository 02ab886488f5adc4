//! The threads that there are when a recording begins, from `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use thalweg_kbuf::{TaskState, status_value};

/// Every thread, with its number.
pub(crate) fn threads() -> impl Iterator<Item = (u32, TaskState)> {
    numbers("/proc").flat_map(|process| {
        let threads = numbers(&format!("/proc/{process}/task"));
        let threads: Vec<u32> = threads.collect();
        let read = move |thread| {
            let folder = format!("/proc/{process}/task/{thread}");
            let status = fs::read(format!("{folder}/status")).ok()?;
            let comm = fs::read(format!("{folder}/comm")).ok()?;
            let namespace = || Some(fs::metadata(format!("{folder}/ns/pid")).ok()?.ino());
            let state = TaskState::parse(&String::from_utf8_lossy(&status), &comm, namespace);
            Some((thread, state?))
        };
        threads.into_iter().filter_map(read)
    })
}

/// A thread's parent now; `None` if the thread is gone.
pub(super) fn parent(tid: u32) -> Option<i32> {
    let status = fs::read(format!("/proc/{tid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    status_value(&status, "PPid:")?.parse().ok()
}

fn numbers(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

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
