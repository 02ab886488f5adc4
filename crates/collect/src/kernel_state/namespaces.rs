//! The pid and user namespaces that a thread is in: one event for each of them within one another.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::fstat;
use thalweg_kernel::{IdMap, UNKNOWN_ID};
use thalweg_sys::outer_namespace;

use super::events::StateKind;
use super::process::{inode_of, numbers, put_all};
use super::taker::Dump;
use crate::context::ids;

/// What a user is called in a namespace that has no number for it, in every kernel.
const OVERFLOW_ID: u32 = 65_534;
/// The kernel has no more within one another.
const MOST_LEVELS: usize = 33;

/// The maps of the user namespaces that were met.
#[derive(Debug, Default)]
pub(super) struct UserMaps {
    by_inode: HashMap<u32, (IdMap, IdMap)>,
}

impl UserMaps {
    /// Reads the maps of a thread's own namespace, unless they are known.
    fn meet(&mut self, inode: u32, folder: &Path) {
        let read = |file: &str| {
            let text = fs::read_to_string(folder.join(file));
            IdMap::parse(&text.unwrap_or_default())
        };
        self.by_inode
            .entry(inode)
            .or_insert_with(|| (read("uid_map"), read("gid_map")));
    }

    /// What a namespace calls a user and a group; [`UNKNOWN_ID`] if nobody was met there.
    fn inside(&self, inode: u32, user: u32, group: u32) -> (u32, u32) {
        let Some((users, groups)) = self.by_inode.get(&inode) else {
            return (UNKNOWN_ID, UNKNOWN_ID);
        };
        let find = |map: &IdMap, id| map.find(id).unwrap_or(OVERFLOW_ID);
        (find(users, user), find(groups, group))
    }
}

/// A thread's namespaces of a kind, the innermost first, as far as this process sees them.
fn chain(folder: &Path, name: &str) -> Vec<u32> {
    let mut inodes = Vec::new();
    let mut next: Option<OwnedFd> = File::open(folder.join("ns").join(name))
        .ok()
        .map(Into::into);
    while let Some(namespace) = next.filter(|_| inodes.len() < MOST_LEVELS) {
        // Inodes of namespaces have 32 bits.
        inodes.push(fstat(&namespace).map_or(0, |found| found.st_ino as u32));
        next = outer_namespace(&namespace).ok();
    }
    inodes
}

/// An event for each level, ours being 0. A parent has a number there if it is in that namespace.
pub(super) fn tell_pid(dump: &mut Dump<'_>, folder: &Path, tid: i32, status: &str, parent: i32) {
    let (tids, pids) = (numbers(status, "NSpid:"), numbers(status, "NStgid:"));
    let is_nested = tids.len() > 1;
    let inodes = match is_nested {
        true => chain(folder, "pid"),
        false => inode_of(folder, "pid").into_iter().collect(),
    };
    let of_parent = match is_nested {
        true => fs::read_to_string(format!("/proc/{parent}/status")).unwrap_or_default(),
        false => String::new(),
    };
    let parents = numbers(&of_parent, "NStgid:");
    for (level, (vtid, vpid)) in tids.iter().zip(&pids).enumerate() {
        let inner = tids.len() - 1 - level;
        let vppid = match level {
            0 => parent,
            level => parents.get(level).copied().unwrap_or(0),
        };
        dump.push(StateKind::ProcessPidNs, |out| {
            put_all(out, &[tid, *vtid, *vpid, vppid, level as i32]);
            out.extend(inodes.get(inner).unwrap_or(&0).to_le_bytes());
        });
    }
}

/// An event for each level, ours being 0: what the thread's real user and group are called there.
pub(super) fn tell_user(dump: &mut Dump<'_>, folder: &Path, tid: i32, status: &str) {
    let (Some(ids), Some(inode)) = (ids(status), inode_of(folder, "user")) else {
        return;
    };
    let (user, group) = (ids[0], ids[3]);
    let own = dump.own_user_namespace();
    let mut levels = vec![(inode, user, group)];
    if inode != own {
        dump.user_maps().meet(inode, folder);
        let named = chain(folder, "user").into_iter().map(|inode| {
            if inode == own {
                return (inode, user, group);
            }
            let (user, group) = dump.user_maps().inside(inode, user, group);
            (inode, user, group)
        });
        levels = named.collect();
    }
    for (level, (inode, user, group)) in levels.into_iter().rev().enumerate() {
        dump.push(StateKind::ProcessUserNs, |out| {
            put_all(out, &[tid]);
            out.extend(user.to_le_bytes());
            out.extend(group.to_le_bytes());
            put_all(out, &[level as i32]);
            out.extend(inode.to_le_bytes());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_where_nobody_was_met_has_no_numbers() {
        let mut maps = UserMaps::default();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("uid_map"), "0 1000 1\n").unwrap();
        maps.meet(7, folder.path());
        assert_eq!(maps.inside(7, 1000, 1000), (0, OVERFLOW_ID));
        assert_eq!(maps.inside(8, 1000, 1000), (UNKNOWN_ID, UNKNOWN_ID));
    }

    #[test]
    fn the_own_namespaces_are_the_outermost_that_is_seen() {
        for name in ["pid", "user"] {
            let own = inode_of(Path::new("/proc/self"), name);
            assert_eq!(chain(Path::new("/proc/self"), name), Vec::from_iter(own));
        }
    }
}
