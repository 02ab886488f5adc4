//! Control groups of version 2: their paths by their numbers, which are those of their folders' inodes.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thalweg_kbuf::container;

use crate::text;

/// So many are known at most; of more, the youngest.
const MOST: usize = 1 << 16;

/// The groups.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    paths: BTreeMap<u64, Box<[u8]>>,
    numbers: BTreeMap<Box<[u8]>, u64>,
    order: VecDeque<u64>,
}

impl Groups {
    /// Those that there are now.
    pub(crate) fn find_all() -> Self {
        let mut groups = Self::default();
        let mounts = text::read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
        if let Some((root, folder)) = mounts.lines().find_map(mount) {
            let root = root.trim_end_matches('/');
            groups.add_folder(Path::new(folder), root.as_bytes());
        }
        groups
    }

    fn add_folder(&mut self, folder: &Path, path: &[u8]) {
        let mut folders: Vec<(PathBuf, Vec<u8>)> = vec![(folder.to_owned(), path.to_owned())];
        while let Some((folder, path)) = folders.pop() {
            let (Ok(found), true) = (fs::metadata(&folder), self.paths.len() < MOST) else {
                continue;
            };
            let name = if path.is_empty() { b"/" } else { &path[..] };
            self.add(found.ino(), name);
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            folders.extend(inner.map(|entry| {
                let path = [&path[..], b"/", entry.file_name().as_bytes()].concat();
                (entry.path(), path)
            }));
        }
    }

    /// One that has been made.
    pub(crate) fn add(&mut self, number: u64, path: &[u8]) {
        self.numbers.insert(path.into(), number);
        if self.paths.insert(number, path.into()).is_none() {
            self.order.push_back(number);
        }
        while self.order.len() > MOST {
            let oldest = self.order.pop_front();
            if let Some(path) = oldest.and_then(|oldest| self.paths.remove(&oldest)) {
                self.numbers.remove(&path);
            }
        }
    }

    /// The path of a group; empty if it is not known.
    pub(super) fn path(&self, number: u64) -> &[u8] {
        self.paths.get(&number).map_or(&[], |path| path)
    }

    /// The paths of a container's groups.
    pub(crate) fn of_container(&self, id: &[u8]) -> Vec<Box<[u8]>> {
        let is_its = |path: &[u8]| container(path).is_some_and(|own| own.starts_with(id));
        let paths = self.numbers.keys().filter(|path| is_its(path));
        paths.filter(|_| !id.is_empty()).cloned().collect()
    }

    /// The number of the group that has this path; 0 if there is none.
    pub(crate) fn number(&self, path: &[u8]) -> u64 {
        self.numbers.get(path).copied().unwrap_or(0)
    }
}

/// Which part of the tree is mounted, and where, in a line of `mountinfo` that is of version 2.
fn mount(line: &str) -> Option<(&str, &str)> {
    let (place, kind) = line.split_once(" - ")?;
    let mut words = place.split(' ').skip(3);
    kind.starts_with("cgroup2 ")
        .then_some((words.next()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_version_2_is_found_among_the_mounts() {
        let line = "31 24 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw";
        assert_eq!(mount(line), Some(("/", "/sys/fs/cgroup/unified")));
        assert_eq!(mount(&line.replace("cgroup2", "cgroup")), None);
        assert_eq!(mount(""), None);
    }

    #[test]
    fn groups_have_paths_and_numbers() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        let mut groups = Groups::default();
        groups.add_folder(folder.path(), b"");
        let number = |path: &str| fs::metadata(folder.path().join(path)).unwrap().ino();
        assert_eq!(groups.path(number("a/b")), b"/a/b");
        assert_eq!(groups.path(number("")), b"/");
        assert_eq!(groups.number(b"/a"), number("a"));
        groups.add(7, b"/new");
        assert_eq!((groups.path(7), groups.path(8)), (&b"/new"[..], &b""[..]));
    }

    #[test]
    fn the_oldest_of_too_many_is_forgotten() {
        let mut groups = Groups::default();
        for number in 0..=MOST as u64 {
            groups.add(number, number.to_string().as_bytes());
        }
        assert_eq!((groups.path(0), groups.number(b"0")), (&b""[..], 0));
        assert_eq!(groups.path(1), b"1");
    }
}
