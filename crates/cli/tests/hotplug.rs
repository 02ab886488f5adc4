//! A CPU that comes while it is recorded: what happens there is recorded, or counted as lost.

mod common;

use common::Scene;
use std::fs;
use thalweg_testkit::babeltrace2;

const ONLINE: &str = "/sys/devices/system/cpu/cpu1/online";
const CALLS: usize = 2000;

/// CPU 1 is off until this is dropped.
struct Off;

impl Off {
    fn new() -> Option<Self> {
        fs::write(ONLINE, "0").ok().map(|()| Self)
    }
}

impl Drop for Off {
    fn drop(&mut self) {
        fs::write(ONLINE, "1").expect("the CPU comes back");
    }
}

/// Records calls on a CPU that comes when the recording has begun; how many of them are in the trace, and
/// how many are told as lost, entries and exits.
fn record(scene: &Scene, trace: &str, options: &[&str]) -> Option<(usize, usize)> {
    let off = Off::new()?;
    let calls = format!("import os\nfor _ in range({CALLS}): os.getppid()");
    let script = format!("sleep 0.2; echo 1 >{ONLINE}; exec taskset -c 1 python3 -c '{calls}'");
    let record = [
        &["record", "--no-user", "-o", trace],
        options,
        &["--", "sh", "-c", &script],
    ];
    let ended = scene.thalweg(&record.concat());
    drop(off);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("failed"), "{}", ended.stderr);
    let text = babeltrace2(&scene.dir().join(trace)).stdout;
    let found = text
        .lines()
        .filter(|line| line.contains("getppid: "))
        .count();
    let lost = ended
        .stderr
        .lines()
        .find(|line| line.contains(" discarded"));
    let digits = |line: &str| -> String { line.chars().filter(char::is_ascii_digit).collect() };
    let lost = lost.map(|line| digits(line.split("discarded").next().unwrap()));
    Some((found, lost.map_or(0, |count| count.parse().unwrap())))
}

#[test]
fn what_happens_on_a_cpu_that_comes_is_recorded_or_counted() {
    let scene = Scene::new();
    // Machines without a CPU 1 that can go have no such case.
    let Some((found, lost)) = record(&scene, "tracefs", &["-k", "syscalls:*getppid"]) else {
        return;
    };
    assert!(found >= 2 * CALLS, "{found} recorded");
    assert_eq!(lost, 0);
    let (found, lost) = record(&scene, "ebpf", &["--syscalls=getppid"]).unwrap();
    assert!(
        found + lost >= 2 * CALLS,
        "{found} recorded, {lost} told as lost"
    );
}
