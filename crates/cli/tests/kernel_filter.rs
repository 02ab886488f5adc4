//! Filters of kernel events, from the command line to the kernel and into the trace.

mod common;

use common::{Scene, recorded, refuse};
use thalweg_testkit::babeltrace2_clean;

#[test]
fn a_known_number_of_calls_passes_to_the_event() {
    let scene = Scene::new();
    let args = [
        "record",
        "--no-user",
        "-k",
        "syscall_entry_write,syscall_exit_write",
        "--kernel-filter",
        "$ctx.procname == \"d*\"",
        "--kernel-filter",
        "syscall_entry_write: count == 7 && fd == 1",
        "--kernel-filter",
        "syscall_exit_write: ret == 7",
        "-o",
        "t",
        "--",
        "dd",
        "if=/dev/zero",
        "of=/dev/null",
        "bs=7",
        "count=5000",
        "status=none",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    // The recorder compares its counts with the kernel's, and would say so.
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let count = |name: &str| theirs.lines().filter(|line| line.contains(name)).count();
    let counts = [count("syscall_entry_write"), count("syscall_exit_write")];
    assert_eq!(counts, [5000, 5000]);
    assert_eq!(recorded(&ended.stderr), 10_000);
}

#[test]
fn only_what_passes_the_filter_is_in_the_trace() {
    let scene = Scene::new();
    let args = [
        "record",
        "-k",
        "sched_process_exec,sched_switch",
        "--kernel-filter",
        "sched_process_exec: filename == \"*/true\"",
        "--kernel-filter",
        "sched_switch: prev_state & 0x3 && prev_comm == \"no such name\"",
        "-o",
        "t",
        "--",
        "sh",
        "-c",
        "/bin/true; /bin/echo; /usr/bin/true; /bin/true",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert_eq!(ours.stdout, theirs);
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    assert!(!theirs.contains("sched_switch"), "{theirs}");
    assert!(theirs.matches("/bin/true\"").count() >= 3, "{theirs}");
    let foreign = theirs.lines().find(|line| !line.contains("/true\""));
    assert_eq!(foreign, None);
}

#[test]
fn a_filter_that_the_kernel_cannot_test_is_refused_before_anything_is_recorded() {
    let refuse = |filter: &str, expected: &str| {
        let options = ["-k", "sched_switch", "--kernel-filter", filter];
        refuse(&options, expected);
    };
    refuse(
        "$ctx.ip == 21",
        "failed to filter sched_switch in the kernel: column 1: the kernel's filters know no $ctx.ip",
    );
    refuse(
        "prev_pdi == 1",
        "column 1: the event has no field `prev_pdi` (did you mean `prev_prio` or `prev_tid`?)",
    );
    refuse(
        "irq_*: irq == 1",
        "none of the events that it is for is recorded",
    );
    refuse("sched_switch: prev_tid >", "column 25: expected a value");
}

#[test]
fn a_plan_says_what_would_record_each_event_and_records_nothing() {
    let scene = Scene::new();
    let args = [
        "record",
        "--plan",
        "-k",
        "sched_switch,irq_handler_*",
        "--syscalls=openat",
        "--kernel-filter",
        "irq_*: irq == 7 || name == \"eth*\"",
        "--kernel-filter",
        "sched_switch: prev_pid == 7",
        "--",
        "true",
    ];
    let ended = scene.thalweg(&args);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    for line in [
        "tracefs: 2 events; ",
        "  sched_switch                         sched:sched_switch  if prev_pid == 7\n",
        "irq:irq_handler_entry  if irq == 7 || name ~ \"eth*\"\n",
        "eBPF: 4 events; ",
        "  syscall_entry_openat\n",
        "  compat_syscall_exit_openat\n",
        "note: irq_handler_exit is not recorded: the filter `irq_*: irq == 7 || name == \"eth*\"` lets \
         none pass: column 13: the event has no field `name`",
        "programs: events `*`; ",
    ] {
        assert!(ended.stdout.contains(line), "{line}\n{}", ended.stdout);
    }
    assert_eq!(scene.files(), Vec::<String>::new());
}

/// `dd` writes and reads 5000 times with seven bytes; its shell does something else.
const DD: &str = "dd if=/dev/zero of=/dev/null bs=7 count=5000 status=none";

/// Records with options while `dd` works; what is in the trace, and what was said.
fn record_dd(options: &[&str]) -> (String, String) {
    let scene = Scene::new();
    let first = ["record", "--no-user", "-o", "t"];
    let command = ["--", "sh", "-c", DD];
    let args = [&first, options, &command].concat();
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert_eq!(ours.stdout, theirs);
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    (theirs, ended.stderr)
}

#[test]
fn filters_of_system_calls_are_tested_by_the_programs() {
    let (theirs, said) = record_dd(&[
        "--syscalls=read,write,openat",
        "--kernel-filter",
        "$ctx.procname == \"dd\"",
        "--kernel-filter",
        "syscall_entry_write: count * 2 == 14 && fd == 1",
        "--kernel-filter",
        "syscall_exit_*: ret == 7",
        "--kernel-filter",
        "syscall_entry_openat: filename == \"/dev/*\"",
        "--kernel-filter",
        "syscall_entry_read: count == 7",
    ]);
    let count = |name: &str| theirs.lines().filter(|line| line.contains(name)).count();
    assert_eq!(count(" syscall_entry_write:"), 5000);
    assert_eq!(count(" syscall_entry_read:"), 5000);
    assert_eq!(
        count(" syscall_exit_write:") + count(" syscall_exit_read:"),
        10_000
    );
    assert_eq!(count("filename = \"/dev/zero\""), 1);
    assert_eq!(count(" syscall_entry_openat:"), count("filename = \"/dev/"));
    assert!(!said.contains("discarded"), "{said}");
}

#[test]
fn a_filter_of_system_calls_that_fits_none_of_them_is_refused() {
    let refuse = |filter: &str, expected: &str| {
        let options = ["--syscalls=openat", "--kernel-filter", filter];
        refuse(&options, expected);
    };
    refuse(
        "filenam == \"x\"",
        "has no field `filenam` (did you mean `filename`?)",
    );
    refuse("flags_labels == 1", "column 1: this cannot be used: ");
    refuse(
        "$ctx.vuid == 1",
        "column 1: programs in the kernel do not know $ctx.vuid",
    );
    refuse(
        "dfd > 1.5",
        "column 7: programs in the kernel know no floats",
    );
}

#[test]
fn what_the_kernel_cannot_test_is_tested_when_events_are_read() {
    let (theirs, said) = record_dd(&[
        "-k",
        "syscall_entry_write,syscall_exit_write",
        "--kernel-filter",
        "$ctx.procname == \"dd\" && $ctx.uid == 0",
        "--kernel-filter",
        "syscall_entry_write: count * 2 == 14",
        "--kernel-filter",
        "syscall_exit_write: ret - 7 == 0 && $ctx.nice < 20",
        "--context",
        "procname,uid",
    ]);
    let count = |name: &str| theirs.lines().filter(|line| line.contains(name)).count();
    let counts = [count("syscall_entry_write"), count("syscall_exit_write")];
    assert_eq!(counts, [5000, 5000]);
    assert!(said.contains("is tested when events are read"), "{said}");
    assert_eq!(count("procname = \"dd\""), 10_000);
}
