//! Whose events are recorded, when it is not everybody's: some processes, and all that they start; or
//! whoever is a certain user's, or in a certain control group.
//!
//! ```text
//!   process ─▶ its threads ─▶ put on the list ─▶ the kernel adds what they start, and drops what ends
//!                 ▲ again, until none is new ─┘
//! ```
//!
//! Invariant: a thread that a listed process has started before it was on the list is on it, too, when
//! [`Track::put`] returns.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thalweg_kbuf::FIRST_PID_NAMESPACE;

use crate::{Error, TrackedAttribute};

/// Processes and threads; with all that they start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Whole processes.
    pub processes: Vec<u32>,
    /// Single threads.
    pub threads: Vec<u32>,
    /// What else a thread must be at the moment: one of each kind.
    pub attributes: Vec<TrackedAttribute>,
}

impl Track {
    /// Whether processes or threads are named.
    pub(crate) fn has_list(&self) -> bool {
        !self.processes.is_empty() || !self.threads.is_empty()
    }

    /// Puts every thread on a list that grows by what listed threads start.
    pub(crate) fn put(
        &self,
        mut list: impl FnMut(&[u32]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_namespace()?;
        let mut listed = BTreeSet::new();
        loop {
            let threads = self.threads(listed.is_empty())?;
            let new: Vec<u32> = threads.difference(&listed).copied().collect();
            if new.is_empty() {
                return Ok(());
            }
            list(&new)?;
            listed.extend(new);
        }
    }

    /// The threads that there are now; at first there must be some of each process.
    pub(crate) fn threads(&self, at_first: bool) -> Result<BTreeSet<u32>, Error> {
        let mut threads: BTreeSet<u32> = self.threads.iter().copied().collect();
        for &process in &self.processes {
            let path = PathBuf::from(format!("/proc/{process}/task"));
            match fs::read_dir(&path) {
                Ok(entries) => threads.extend(entries.filter_map(number)),
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io("list", &path, error));
                }
                Err(_) if at_first => return Err(Error::NoProcess { process }),
                Err(_) => {}
            }
        }
        Ok(threads)
    }
}

fn number(entry: io::Result<fs::DirEntry>) -> Option<u32> {
    entry.ok()?.file_name().to_str()?.parse().ok()
}

/// The kernel's lists hold the numbers of the first namespace.
fn check_namespace() -> Result<(), Error> {
    let path = Path::new("/proc/self/ns/pid");
    let found = fs::metadata(path).map_err(|error| Error::io("look at", path, error))?;
    match found.ino() == FIRST_PID_NAMESPACE {
        true => Ok(()),
        false => Err(Error::NestedNamespace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_listed_until_none_is_new() {
        let own = std::process::id();
        let track = Track {
            processes: vec![own],
            threads: vec![1],
            attributes: Vec::new(),
        };
        let (mut lists, mut thread) = (Vec::new(), None);
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut stopped = Some(stopped);
        let put = track.put(|new| {
            lists.push(new.to_vec());
            if let Some(stopped) = stopped.take() {
                let (tell, told) = std::sync::mpsc::channel();
                thread = Some(std::thread::spawn(move || {
                    tell.send(rustix::thread::gettid().as_raw_nonzero().get())
                        .unwrap();
                    stopped.recv().unwrap_err();
                }));
                let tid = told.recv().unwrap().cast_unsigned();
                lists.push(vec![tid]);
            }
            Ok(())
        });
        put.unwrap();
        drop(stop);
        thread.unwrap().join().unwrap();
        assert!(lists[0].contains(&1) && lists[0].contains(&own));
        let late = lists[1][0];
        assert!(
            lists[2..].iter().any(|list| list.contains(&late)),
            "{lists:?}"
        );
    }

    #[test]
    fn a_process_that_is_not_there_is_told() {
        let track = Track {
            processes: vec![0x7fff_ffff],
            threads: Vec::new(),
            attributes: Vec::new(),
        };
        let told = track.put(|_| Ok(())).unwrap_err().to_string();
        assert_eq!(told, "track process 2147483647: there is none");
    }
}
