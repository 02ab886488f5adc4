//! The threads that there are when a recording begins, from `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt;

use thalweg_kbuf::{Attributes, Namespaces, TaskState, cgroup, status_value};

use super::groups::Groups;

/// Every thread, with its number; with its attributes, if the groups are given.
pub(crate) fn threads(groups: Option<&Groups>) -> impl Iterator<Item = (u32, TaskState)> {
    numbers("/proc").flat_map(move |process| {
        let threads = numbers(&format!("/proc/{process}/task"));
        let threads: Vec<u32> = threads.collect();
        let read = move |thread| {
            let folder = format!("/proc/{process}/task/{thread}");
            let status = fs::read(format!("{folder}/status")).ok()?;
            let comm = fs::read(format!("{folder}/comm")).ok()?;
            let namespace = || Some(fs::metadata(format!("{folder}/ns/pid")).ok()?.ino());
            let status = String::from_utf8_lossy(&status);
            let mut state = TaskState::parse(&status, &comm, namespace)?;
            state.attributes = groups.and_then(|groups| attributes(&folder, &status, groups));
            Some((thread, state))
        };
        threads.into_iter().filter_map(read)
    })
}

fn attributes(folder: &str, status: &str, groups: &Groups) -> Option<Attributes> {
    let stat = fs::read(format!("{folder}/stat")).ok()?;
    let (users, groups_map) = id_maps(folder);
    let mut found = Attributes::parse(status, &stat, (&users, &groups_map))?;
    let namespace = |name| {
        let inode = fs::metadata(format!("{folder}/ns/{name}"));
        // Inodes of namespaces have 32 bits.
        inode.map_or(0, |inode| inode.ino() as u32)
    };
    found.namespaces = Namespaces {
        cgroup: namespace("cgroup"),
        ipc: namespace("ipc"),
        mnt: namespace("mnt"),
        net: namespace("net"),
        time: namespace("time"),
        uts: namespace("uts"),
        user: namespace("user"),
    };
    let text = fs::read(format!("{folder}/cgroup")).unwrap_or_default();
    found.cgroup = cgroup(&text).map_or(0, |path| groups.number(path));
    Some(found)
}

fn id_maps(folder: &str) -> (String, String) {
    let read = |name| fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
    (read("uid_map"), read("gid_map"))
}

/// What a thread's user namespace calls its users and groups, where the program could not tell.
pub(super) fn name_ids(tid: u32, attributes: &mut Attributes) {
    let (users, groups) = id_maps(&format!("/proc/{tid}"));
    if !users.is_empty() {
        attributes.map(&users, &groups);
    }
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
        let groups = Groups::find_all();
        let found = threads(Some(&groups)).find(|(tid, _)| *tid == own);
        let found = found.unwrap().1;
        let attributes = found.attributes.unwrap();
        assert_eq!(attributes.ids[0], rustix::process::getuid().as_raw());
        assert_ne!(attributes.namespaces.mnt, 0);
        assert_eq!(found.pid.cast_unsigned(), std::process::id());
        assert_eq!(parent(std::process::id()), Some(found.ppid));
    }
}
