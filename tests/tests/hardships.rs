//! Programs in a bad place: without memory, without room for files, forked in the middle of an event, on
//! a small stack, after a recording. Each behaves as if nobody traced it.

use std::process::Command;
use thalweg_tests::{Speaker, World};

/// Runs a program below limits of the shell's; what it printed.
#[track_caller]
fn under(world: &World, limits: &str, args: &[&str]) -> String {
    let program = world.command("hardships");
    let script = format!("{limits}; exec timeout 20 \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    world.place(&mut command);
    command
        .arg("-c")
        .arg(script)
        .arg(program.get_program())
        .args(args);
    let ran = command.output().expect("bash runs");
    assert!(ran.status.success(), "{limits}: {ran:?}");
    String::from_utf8(ran.stdout).expect("it prints text")
}

#[test]
fn who_cannot_be_traced_for_lack_of_something_runs_as_usual() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    for limits in [
        "ulimit -v 250000",
        "ulimit -f 100000",
        "ulimit -f 0",
        "ulimit -n 4",
    ] {
        assert_eq!(
            under(&world, limits, &["defines"]),
            "defined true\n",
            "{limits}"
        );
    }
    recorder.finish();
}

#[test]
fn a_child_that_a_handler_forks_in_the_middle_of_an_event_goes_on() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let said = under(&world, "true", &["forks-in-handler", "100"]);
    assert_eq!(said, "all ended well: true\n");
    recorder.finish().trace();
}

#[test]
fn a_childs_first_event_may_be_in_a_handler_on_a_small_stack() {
    for filter in [None, Some("$ctx.vpid > 0")] {
        let world = World::new();
        let options = world.recorder("trace");
        let recorder = match filter {
            Some(filter) => options.filter(filter).start(),
            None => options.start(),
        };
        let said = under(&world, "true", &["small-stack"]);
        assert_eq!(said, "the child ended well: true\n", "{filter:?}");
        assert_eq!(recorder.finish().recorded(), 1);
    }
}

#[test]
fn what_is_defined_after_a_recording_is_off() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    let mut command = world.command("hardships");
    let mut speaker = Speaker::start(command.arg("defines-late"));
    speaker.line();
    assert_eq!(recorder.finish().recorded(), 1);
    speaker.go_on();
    assert_eq!(speaker.end(), "late false\n");
}
