//! A program that has forbidden itself most system calls is traced all the same, and lives.

use std::sync::atomic::Ordering::SeqCst;
use thalweg_testkit::SpawnGuarded as _;
use thalweg_tests::World;

/// `late`: the recorder comes when the filter is in place already.
#[track_caller]
fn check(how: &str, late: bool) {
    let world = World::new();
    let early = (!late).then(|| world.recorder("trace").start());
    let mut child = world
        .command("sandboxed")
        .arg(how)
        .spawn_guarded()
        .expect("cargo builds it");
    let flag = world.ledger().flag();
    world.wait_until("the filter", || flag.load(SeqCst) == 1);
    let recorder = early.unwrap_or_else(|| world.recorder("trace").start());
    flag.store(2, SeqCst);
    let status = child.wait().expect("it is our child");
    let report = recorder.finish();
    assert!(
        status.success(),
        "the filter killed it: {status} {report:?}"
    );
    let missing: u64 = report.trace().missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost(), "{report:?}");
    assert!(report.recorded() > 0, "{report:?}");
    let produced = if how == "threads" { 200 } else { 4000 };
    assert_eq!(world.ledger().total(), produced);
}

#[test]
fn a_recorder_comes_after_the_filter() {
    check("process", true);
}

#[test]
fn a_filter_comes_after_the_recorder() {
    check("process", false);
}

#[test]
fn a_recorder_comes_after_filters_without_futex() {
    check("threads", true);
}

#[test]
fn filters_without_futex_come_after_the_recorder() {
    check("threads", false);
}
