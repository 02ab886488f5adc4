//! Each process has its own events under its own numbers, however it came to be.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::SeqCst;
use thalweg_tests::World;

/// Each of these accounts has all its events in the trace, from a process and thread of its own.
#[track_caller]
fn check(how: &str, accounts: &[(u32, u64)]) {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("forks", &[how]);
    if how == "daemon" {
        world.wait_until("the daemon", || world.ledger().flag().load(SeqCst) == 1);
    }
    let report = recorder.finish();
    let trace = report.trace();
    assert_eq!(trace.missing(world.ledger()), [].into(), "{report:?}");
    let found: Vec<(u32, u64)> = world
        .ledger()
        .accounts()
        .map(|account| (account, world.ledger().count(account)))
        .collect();
    assert_eq!(found, accounts, "accounts and their events");
    let processes: BTreeSet<u32> = accounts
        .iter()
        .map(|(account, _)| world.ledger().who(*account).0)
        .collect();
    let expected = if how == "exec" { 1 } else { accounts.len() };
    assert_eq!(processes.len(), expected, "processes");
}

#[test]
fn a_forked_child_and_its_child() {
    check("fork", &[(0, 200), (1, 200), (2, 100)]);
}

#[test]
fn children_of_a_raw_clone() {
    check("clone", &[(0, 200), (1, 200), (2, 100)]);
}

#[test]
fn children_of_a_thread() {
    check("thread", &[(0, 200), (1, 200), (2, 100)]);
}

#[test]
fn a_forked_child_that_executes_another_program() {
    check("fork_exec", &[(0, 200), (3, 100)]);
}

#[test]
fn a_vforked_child_that_executes_another_program() {
    check("vfork_exec", &[(0, 200), (3, 100)]);
}

#[test]
fn a_spawned_program() {
    check("spawn", &[(0, 200), (3, 100)]);
}

#[test]
fn a_program_that_becomes_another() {
    check("exec", &[(0, 100), (3, 100)]);
}

#[test]
fn a_daemon_whose_parents_are_gone() {
    check("daemon", &[(0, 100), (1, 100), (2, 100)]);
}
