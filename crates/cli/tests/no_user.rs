//! A recording that wants nothing of programs has nothing to do with them.

mod common;

use std::process::Stdio;

use common::{Scene, wait_until};
use thalweg_testkit::SpawnGuarded as _;

/// What tells this executable that it is the program.
const AS_PROGRAM: &str = "THALWEG_TEST_IS_UNWANTED_PROGRAM";

/// Has an event, and waits for its end.
fn be_the_program() {
    thalweg::event!("unwanted:event", Info, {});
    std::fs::write("ready", "").unwrap();
    let stdin = std::io::stdin();
    std::io::copy(&mut stdin.lock(), &mut std::io::sink()).unwrap();
}

#[test]
fn programs_that_are_not_wanted_are_left_alone() {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return be_the_program();
    }
    let scene = Scene::new();
    let this = std::env::current_exe().unwrap();
    let name = "programs_that_are_not_wanted_are_left_alone";
    let mut program = scene.command(this.to_str().unwrap(), &["--exact", name]);
    program.env(AS_PROGRAM, "1").stdin(Stdio::piped());
    let mut program = program.stdout(Stdio::null()).spawn_guarded().unwrap();
    wait_until("the program", || scene.dir().join("ready").exists());
    let own = format!("[{}]", program.id());
    let record = |more: &[&str]| {
        let flags = ["record", "-k", "sched_process_exit", "--duration", "0.2"];
        let ended = scene.thalweg(&[&flags[..], more].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        ended.stderr
    };
    let (wanted, unwanted) = (record(&["-o", "w"]), record(&["-o", "u", "--no-user"]));
    drop(program.stdin.take());
    program.wait().unwrap();
    assert!(wanted.contains(&own), "{wanted}");
    assert!(!unwanted.contains(&own), "{unwanted}");
    assert!(scene.dir().join("w/ust").exists() && !scene.dir().join("u/ust").exists());
}
