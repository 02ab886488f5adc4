//! Events of the kernel that are turned on and off, and filtered otherwise, while they happen: what is recorded
//! and what the kernel counts is the same.

use std::sync::atomic::Ordering::SeqCst;
use thalweg_testkit::SpawnGuarded as _;
use thalweg_tests::{Trace, World};

/// The events of a name in the trace.
fn count(trace: &Trace, name: &str) -> usize {
    trace.events().filter(|event| event.name == name).count()
}

#[test]
fn events_come_and_go_and_the_kernels_counts_agree() {
    let world = World::new();
    let options = world.recorder("trace").kernel("syscall_entry_getppid");
    let mut recorder = options.kernel_buffer_kib(8192).user("none").start();
    let mut child = world
        .command("steady")
        .spawn_guarded()
        .expect("cargo builds it");
    let sleeps = "syscall_entry_clock_nanosleep";
    let mine = "prev_comm == \"steady\"";
    for _ in 0..3 {
        assert_eq!(
            recorder.order(&format!("enable {sleeps},sched_process_*")),
            ""
        );
        // More events than the short headers of the start have numbers for.
        assert_eq!(recorder.order("enable irq"), "");
        assert_eq!(
            recorder.order(&format!("enable sched_switch if {mine}")),
            ""
        );
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert_eq!(recorder.order(&format!("disable {sleeps}")), "1");
        assert_ne!(recorder.order("disable irq:*"), "0");
    }
    assert_eq!(recorder.order("enable sched_switch if next_tid == -7"), "");
    std::thread::sleep(std::time::Duration::from_millis(100));
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    let report = recorder.finish();
    for note in &report.notes {
        assert!(!note.contains("kernel counted"), "{note}");
    }
    assert_eq!(report.lost(), 0, "{report:?}");
    let trace = report.trace();
    assert_eq!(trace.len(), report.recorded());
    assert!(count(&trace, sleeps) > 500, "{}", count(&trace, sleeps));
    assert!(count(&trace, "irq_softirq_entry") > 0);
    let switches = trace.events().filter(|event| event.name == "sched_switch");
    let switches: Vec<_> = switches.collect();
    assert!(switches.len() > 100, "{}", switches.len());
    let others = switches
        .iter()
        .filter(|event| !event.rest.contains("prev_comm = \"steady\""));
    assert_eq!(others.count(), 0, "all have passed the filter");
}

#[test]
fn what_cannot_be_changed_is_told_and_changes_nothing() {
    let world = World::new();
    let mut recorder = world.recorder("trace").kernel("sched_process_exec").start();
    let told = recorder.try_order("enable sched_swtich");
    assert!(told.contains("did you mean sched_switch?"), "{told}");
    let told = recorder.try_order("enable sched_switch if prev_prio + 1 == 2");
    assert!(told.contains("the kernel cannot test it"), "{told}");
    assert_eq!(recorder.order("disable sched_switch"), "0");
    let report = recorder.finish();
    assert_eq!(report.lost(), 0);
}
