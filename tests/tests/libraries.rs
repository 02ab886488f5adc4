//! Instrumented libraries that come and go, beside an instrumented executable.

use std::path::Path;
use thalweg_tests::{Report, World, library_path};

#[track_caller]
fn check(world: &World, args: &[&str], accounts: &[(u32, u64)]) -> Report {
    let recorder = world.recorder("trace").start();
    world.run("libraries", args);
    let report = recorder.finish();
    assert_eq!(
        report.trace().missing(world.ledger()),
        [].into(),
        "{report:?}"
    );
    let found: Vec<(u32, u64)> = world
        .ledger()
        .accounts()
        .map(|account| (account, world.ledger().count(account)))
        .collect();
    assert_eq!(found, accounts);
    report
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the target folder has a plain name")
}

#[test]
fn a_library_is_loaded_unloaded_and_loaded_again() {
    let world = World::new();
    let accounts = [(0, 300), (1, 100), (2, 100), (3, 100), (4, 100)];
    check(&world, &["close", "100", text(&library_path())], &accounts);
    // A process that forked leaves its file to the next recorder: its child might need it.
    world.recorder("another").start().finish();
    assert_eq!(
        world.files(),
        Vec::<String>::new(),
        "files that stay behind"
    );
}

#[test]
fn two_libraries_and_the_executable_emit_by_turns() {
    let world = World::new();
    let copy = world.trace("another-library.so");
    std::fs::copy(library_path(), &copy).expect("the folder is the test's own");
    let accounts: Vec<(u32, u64)> = (0..6).map(|account| (account, 100)).collect();
    let library = library_path();
    let args = ["two", "100", text(&library), text(&copy)];
    let report = check(&world, &args, &accounts);
    assert_eq!(report.recorded(), 600);
}

#[test]
fn a_library_that_was_unloaded_takes_no_room() {
    let world = World::new();
    let recorder = world.recorder("trace").limit_bytes(256 << 10).start();
    let library = library_path();
    world.run("libraries", &["again", "2000", text(&library)]);
    let report = recorder.finish();
    assert_eq!(
        report.trace().missing(world.ledger()),
        [].into(),
        "{report:?}"
    );
    assert_eq!(report.recorded(), 4000);
}
