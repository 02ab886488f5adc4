//! Counters of processors in events of the kernel, beside what the program that makes the events counts itself.

mod common;

use common::{Scene, discarded, recorded};
use thalweg_testkit::babeltrace2_clean;

/// Stays on one processor; between two calls of `getppid` it touches pages, and says what its own counter of
/// page faults has grown by.
const PROGRAM: &str = "
import mmap, os, resource
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    room = mmap.mmap(-1, 4096 * 500)
    room.madvise(mmap.MADV_NOHUGEPAGE)
    os.getppid()
    before = faults()
    for page in range(500): room[page * 4096] = 1
    own = faults() - before
    os.getppid()
    print(own)
";

/// What stands behind `NAME = ` in a line.
fn number(line: &str, name: &str) -> u64 {
    let (_, rest) = line
        .split_once(&format!("{name} = "))
        .unwrap_or_else(|| panic!("{line}"));
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn page_faults_between_two_events_are_those_that_the_program_counts_itself() {
    let scene = Scene::new();
    let args = [
        "record",
        "--no-user",
        "-k",
        "syscall_entry_getppid",
        "--kernel-filter",
        "$ctx.procname == \"python3\"",
        "--context",
        "perf:cpu:page-faults,perf:cpu:cpu-clock,procname,perf:cpu:minor-faults,callstack-kernel",
        "-o",
        "t",
        "--",
        "python3",
        "-c",
        PROGRAM,
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert_eq!(ours.stdout, theirs);
    let lines: Vec<&str> = theirs.lines().collect();
    assert_eq!(
        (lines.len() as u64, lines.len()),
        (recorded(&ended.stderr), 40)
    );
    let own: Vec<u64> = ended
        .stdout
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    // Others may run on the same processor now and then, and have faults, too.
    let more: Vec<u64> = std::iter::zip(lines.chunks(2), &own)
        .map(|(pair, own)| {
            let faults = |name: &str| number(pair[1], name) - number(pair[0], name);
            assert_eq!(
                faults("perf_cpu_page_faults"),
                faults("perf_cpu_minor_faults")
            );
            assert!(faults("perf_cpu_cpu_clock") > 0, "{pair:?}");
            assert!(*own >= 500, "{own}");
            faults("perf_cpu_page_faults")
                .checked_sub(*own)
                .unwrap_or_else(|| panic!("{pair:?}"))
        })
        .collect();
    let least = more.iter().min();
    assert!(least.is_some_and(|least| *least <= 3), "{more:?}");
}

#[test]
fn context_switches_are_counted_one_by_one_at_each_of_them() {
    let scene = Scene::new();
    let args = [
        "record",
        "--no-user",
        "-k",
        "sched_switch",
        "--context",
        "perf:cpu:context-switches",
        "--kernel-buffer",
        "32M",
        "-o",
        "t",
        "--",
        "sh",
        "-c",
        "for i in 1 2 3 4 5 6 7 8; do sleep 0.02; /bin/true; done",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let mut last = std::collections::BTreeMap::new();
    let (mut one, mut more) = (0, 0);
    for line in theirs.lines() {
        let switches = number(line, "perf_cpu_context_switches");
        let step = last
            .insert(number(line, "cpu_id"), switches)
            .map(|last| switches - last);
        match step {
            Some(1) => one += 1,
            // The recorder's own are left out.
            Some(step) => more += u64::from(step > 0),
            None => {}
        }
    }
    assert!(
        one > 100 && one > more,
        "{one} steps of one, {more} of more"
    );
    assert_eq!(one + more + last.len() as u64, recorded(&ended.stderr));
}

/// The recorder is stopped meanwhile: what has no room is counted.
#[test]
fn what_finds_the_ring_full_is_counted_in_groups_as_well() {
    let scene = Scene::new();
    // A call of its own: other tests make those of above meanwhile.
    let script = "kill -STOP $PPID
        python3 -c 'import os\nfor _ in range(20000): os.sched_get_priority_max(3)'
        kill -CONT $PPID";
    let args = [
        "record",
        "--no-user",
        "-k",
        "syscall_entry_sched_get_priority_max",
        "--kernel-filter",
        "policy == 3",
        "--kernel-buffer",
        "64K",
        "--context",
        "perf:cpu:page-faults",
        "-o",
        "t",
        "--",
        "sh",
        "-c",
        script,
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // The recorder compares its counts with the kernel's, and would say so.
    assert!(!ended.stderr.contains("fault of"), "{}", ended.stderr);
    let discarded = discarded(&ended.stderr);
    assert!(discarded > 10_000, "{discarded}");
    assert_eq!(recorded(&ended.stderr) + discarded, 20_000);
}

#[test]
fn what_cannot_be_counted_is_refused_in_a_line() {
    let refuse = |options: &[&str], expected: &str| {
        let args = [&["record", "-k", "sched_switch"], options, &["true"]].concat();
        let ended = Scene::new().thalweg(&args);
        assert_ne!(ended.status, Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    };
    refuse(
        &["--context", "perf:cpu:nothing"],
        "no context is called `perf:cpu:nothing`",
    );
    refuse(
        &["--follow", "--context", "perf:cpu:page-faults"],
        "use the event perf:cpu:page-faults: it counts what a processor does",
    );
    let ended = Scene::new().thalweg(&[
        "record",
        "-k",
        "sched_switch",
        "--context",
        "perf:cpu:cycles",
        "true",
    ]);
    let is_there = ended.status == Some(0);
    let is_told = ended
        .stderr
        .contains("does not let programs use the processor's counters");
    assert!(is_there || is_told, "{}", ended.stderr);
}
