//! The recorder's own calls, which its probes in libraries would tell: writing them down makes more.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::Error;
use crate::instance::Instance;

/// The inode of the first pid namespace, in every kernel. Probes know threads by their numbers in it.
const FIRST_NAMESPACE: u64 = 0xefff_fffc;

/// Lets the probes of these events tell nothing of this process's threads, nor of `processes`; in
/// another pid namespace than the first, whose numbers are not known, everything is told.
pub(crate) fn leave_out<'e>(
    instance: &Instance,
    events: impl Iterator<Item = (&'e str, &'e str)>,
    processes: &[u32],
) -> Result<(), Error> {
    let threads: Vec<u32> = own_threads().chain(processes.iter().copied()).collect();
    if !has_known_numbers() {
        return Ok(());
    }
    for (group, name) in events {
        let file = format!("events/{group}/{name}/filter");
        let filter = instance.read(&file)?;
        instance.write(&file, &with_strangers_only(filter.trim(), &threads))?;
    }
    Ok(())
}

/// Whether the kernel's lists know threads by the numbers that this process knows.
pub(crate) fn has_known_numbers() -> bool {
    let namespace = fs::metadata("/proc/self/ns/pid").map(|found| found.ino());
    namespace.is_ok_and(|inode| inode == FIRST_NAMESPACE)
}

/// The threads of this process.
pub(crate) fn own_threads() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc/self/task").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn with_strangers_only(filter: &str, threads: &[u32]) -> String {
    let own = threads
        .iter()
        .map(|thread| format!("common_pid != {thread}"));
    let wanted = (filter != "none").then(|| format!("({filter})"));
    wanted
        .into_iter()
        .chain(own)
        .collect::<Vec<_>>()
        .join(" && ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_its_meaning() {
        assert_eq!(
            with_strangers_only("none", &[7, 8]),
            "common_pid != 7 && common_pid != 8"
        );
        assert_eq!(
            with_strangers_only("a == 1 || b", &[7]),
            "(a == 1 || b) && common_pid != 7"
        );
    }
}
