//! The programs that run now and say which events they can emit.

use crate::program::Definitions;
use crate::rendezvous::{Folder, Owner, Owners, candidates, scan};

/// What the programs that run now, and that this user may trace, say of themselves; by name and
/// process. Events that they have defined since they began are not among them.
pub fn running() -> Vec<Definitions> {
    let folders = candidates().into_iter();
    let folders = folders.filter_map(|(path, uid)| Folder::open(&path, uid).ok());
    let found = folders.flat_map(|folder| scan(&folder, |_| true));
    let owners = Owners::default();
    let has_ended = |definitions: &Definitions| {
        let head = &definitions.head;
        matches!(owners.find(head.pid, head.pid_ns), Owner::Gone)
    };
    let mut running: Vec<Definitions> = found
        .filter_map(|found| found.definitions.ok())
        .filter(|definitions| !has_ended(definitions))
        .collect();
    running.sort_by_key(|program| (program.procname().to_vec(), program.head.pid));
    running
}
