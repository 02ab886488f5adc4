//! System calls with payload: the recorder leaves itself out, what it had drained outlives it, what a
//! fault hides is marked.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thalweg_tests::{World, calls_of};

/// Each test's recorder sees the calls of the others', and they are called the same.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Records a few calls with a recorder that runs in `within`; no call of its own is among them.
#[track_caller]
fn check_without_itself(within: &[&str]) {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    let recorder = world.recorder("trace").syscalls("all").keeper();
    let recorder = recorder.within(within).start();
    let done = Command::new("ls").output();
    assert!(done.expect("there is ls").status.success());
    let report = recorder.finish();
    let text = thalweg_tests::our_text(&report.output);
    assert!(text.contains("procname = \"ls\""));
    for own in ["recorder", "exe", "thalweg-bell"] {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("procname = \"{own}\"")));
        assert_eq!(line, None, "{within:?}");
    }
}

#[test]
fn a_recording_does_not_record_itself() {
    check_without_itself(&[]);
    check_without_itself(&["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]);
}

#[test]
fn a_killed_recorder_leaves_what_it_had_drained_and_a_whole_trace() {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    let recorder = world.recorder("trace").syscalls("all").keeper().start();
    let done = Command::new("ls").output();
    assert!(done.expect("there is ls").status.success());
    // Everything goes to disk each 250 ms.
    std::thread::sleep(Duration::from_millis(700));
    let output = recorder.kill();
    world.wait_until("the keeper to have closed the trace", || {
        let indexes = std::fs::read_dir(output.join("kernel/index"));
        let mut indexes = indexes.expect("it is ours").flatten();
        indexes.any(|index| !index.file_name().to_string_lossy().starts_with('.'))
    });
    let text = thalweg_testkit::babeltrace2_clean(&output);
    assert!(text.contains("syscall_exit_execve") && text.contains("procname = \"ls\""));
}

#[test]
fn what_a_fault_hides_is_marked_and_empty() {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let world = World::new();
    let recorder = world.recorder("trace").syscalls("all").start();
    for command in ["ls -la /usr", "find /etc -name '*.conf'", "git --version"] {
        let done = Command::new("sh").args(["-c", command]).output();
        assert!(
            done.expect("there is a shell").status.success(),
            "{command}"
        );
    }
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    let threads = calls_of(&report.output);
    let (mut texts, mut hidden) = (0, 0);
    for call in threads.values().flatten() {
        texts += call.texts.len();
        // A copy is called after its argument, and so is the text.
        for (name, state) in call.incomplete.iter().filter(|(_, state)| *state == 3) {
            let argument = name.strip_suffix("_copy");
            let text = call
                .texts
                .iter()
                .find(|(name, _)| Some(&name[..]) == argument);
            assert!(text.is_none_or(|(_, text)| text.is_empty()), "{call:?}");
            (hidden, _) = (hidden + 1, state);
        }
    }
    println!("{hidden} of {texts} texts were not in memory");
    assert!(texts > 100 && hidden * 4 < texts, "{hidden} of {texts}");
}
