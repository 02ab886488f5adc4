//! Ring memory follows what programs do: it grows in a burst, and goes back to the system after it.

use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;
use thalweg_testkit::SpawnGuarded as _;
use thalweg_tests::World;

/// Bytes of memory that a program's ring has, as the kernel counts them.
fn ring_bytes(pid: u32) -> u64 {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("the program runs");
    let ring = entries.flatten().find(|entry| {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        target.to_string_lossy().starts_with("/memfd:thalweg")
    });
    let ring = ring.expect("the program has a ring");
    let data = std::fs::metadata(ring.path()).expect("it is open");
    data.blocks() * 512
}

#[test]
fn a_burst_takes_memory_and_a_pause_gives_it_back() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let mut command = world.command("modes");
    command.args(["4", "60000", "hold"]).stdout(Stdio::null());
    let mut child = command.spawn_guarded().expect("cargo builds it");
    world.wait_until("the program", || world.ledger().who(3) != (0, 0));
    let before = ring_bytes(child.id());
    let mut most = 0;
    let mut burst = |number: u64| {
        let produced = world.ledger().total() + 240_000;
        world.ledger().flag().store(number, SeqCst);
        world.wait_until("the burst", || {
            most = most.max(ring_bytes(child.id()));
            world.ledger().total() == produced
        });
        most
    };
    let most = burst(1);
    assert!(most > before, "{most} bytes after {before}");
    world.wait_until("the memory to go back", || {
        ring_bytes(child.id()) < before / 2 + (1 << 19)
    });
    println!(
        "{before} bytes, {most} in a burst, then {}",
        ring_bytes(child.id())
    );
    // What was taken away comes back, and nothing is lost uncounted.
    world.ledger().flag().store(2, SeqCst);
    world.wait_until("the second burst", || world.ledger().total() == 480_000);
    world.ledger().flag().store(9, SeqCst);
    assert!(child.wait().is_ok_and(|status| status.success()));
    let report = recorder.finish();
    assert_eq!(report.recorded() + report.lost(), 480_000, "{report:?}");
    let missing: u64 = report.trace().missing(world.ledger()).values().sum();
    assert_eq!(missing, report.lost());
}

#[test]
fn one_limit_holds_for_all_programs_and_can_be_changed() {
    let world = World::new();
    let mut recorder = world.recorder("trace").limit_bytes(8 << 20).start();
    let start = || {
        let mut command = world.command("modes");
        command.args(["1", "50000", "hold"]).stdout(Stdio::null());
        command.spawn_guarded().expect("cargo builds it")
    };
    let mut programs: Vec<_> = (0..6).map(|_| start()).collect();
    let ids: Vec<u32> = programs.iter().map(|program| program.id()).collect();
    let fixed: u64 = 600 << 10;
    let total = || ids.iter().map(|pid| ring_bytes(*pid)).sum::<u64>();
    world.wait_until("the programs", || {
        let path =
            |pid: &u32| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        ids.iter().all(|pid| path(pid) > 3) && world.files().len() > 6
    });
    std::thread::sleep(Duration::from_millis(300));
    let before = total();
    assert!(before < (8 << 20) + 6 * fixed, "{before} bytes");
    recorder.order("limit 1048576");
    let after = total();
    println!("{before} bytes, then {after}");
    assert!(after < (1 << 20) + 6 * fixed, "{after} bytes");
    assert!(before - after > 3 << 20, "{before} bytes, then {after}");
    recorder.order("limit 8388608");
    world.ledger().flag().store(9, SeqCst);
    for program in &mut programs {
        assert!(program.wait().is_ok_and(|status| status.success()));
    }
    recorder.finish();
}
