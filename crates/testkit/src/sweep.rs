//! Trace instances that tests of earlier runs have left behind: they still record, and other tests see
//! what it costs.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

const INSTANCES: &str = "/sys/kernel/tracing/instances";
/// What the names of instances begin with that live tests of crate `kernel` make; they end in the number
/// of the test's process.
const OF_KERNEL: &str = "kernel-test-";
/// Those of recorders, whose process's number is the third part. Tests kill recorders, and look at what
/// they left: none runs for so long.
const OF_RECORDERS: &str = "thalweg-";
const OLD: Duration = Duration::from_secs(3 * 3600);

/// Removes the instances of tests that are gone; one that somebody has open stays, as the kernel sees to.
pub fn sweep() {
    let entries = fs::read_dir(INSTANCES).into_iter().flatten().flatten();
    for entry in entries {
        let made = entry.metadata().and_then(|found| found.modified());
        let age = made
            .ok()
            .and_then(|made| SystemTime::now().duration_since(made).ok());
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if is_left(&name, age.unwrap_or_default(), |pid| {
            Path::new("/proc").join(pid).exists()
        }) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Whether nobody will look at it any more.
fn is_left(name: &str, age: Duration, is_alive: impl Fn(&str) -> bool) -> bool {
    let is_number =
        |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = name.strip_prefix(OF_KERNEL) {
        let pid = rest.rsplit('-').next().filter(is_number);
        return pid.is_some_and(|pid| !is_alive(pid));
    }
    let pid = name.strip_prefix(OF_RECORDERS);
    let pid = pid
        .and_then(|rest| rest.split('-').nth(1))
        .filter(is_number);
    age >= OLD && pid.is_some_and(|pid| !is_alive(pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_nobody_is_left() {
        let is_left = |name, hours: u64| {
            let age = Duration::from_secs(3600 * hours);
            is_left(name, age, |pid| pid == "7")
        };
        assert!(is_left("kernel-test-kill-8", 0) && !is_left("kernel-test-kill-7", 9));
        assert!(is_left("thalweg-0a1b-8-ff", 4) && !is_left("thalweg-0a1b-8-ff", 0));
        for other in [
            "thalweg-0a1b-7-ff",
            "thalweg-x",
            "kernel-test-x",
            "somebody-8",
        ] {
            assert!(!is_left(other, 9), "{other}");
        }
    }

    #[test]
    fn what_a_dead_test_has_left_is_removed() {
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        let instance = |pid: u32| Path::new(INSTANCES).join(format!("{OF_KERNEL}swept-{pid}"));
        let (left, own) = (instance(dead.id()), instance(std::process::id()));
        fs::create_dir(&left).expect("root can make an instance");
        fs::create_dir(&own).expect("root can make an instance");
        sweep();
        let found = [left.exists(), own.exists()];
        fs::remove_dir(&own).unwrap();
        assert_eq!(found, [false, true]);
    }
}
