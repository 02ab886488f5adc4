//! `record --helper`: the command has the helpers, all else stays as it was, and what cannot be is
//! refused with one line.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use common::{Ended, STRANGER, Scene, THALWEG, recorded};
use thalweg_testkit::babeltrace2_clean;

/// Where cargo puts the helpers that it builds with the tests.
fn built() -> PathBuf {
    let own = std::env::current_exe().expect("the kernel knows what it runs");
    own.parent().expect("it lies in a folder").to_owned()
}

/// Runs `record` with the helpers that were built, and with what the user preloads.
#[track_caller]
fn record(scene: &Scene, preloaded: &str, args: &[&str]) -> Ended {
    let args = [&["record", "--no-kernel", "-o", "t"], args].concat();
    let mut command = scene.command(THALWEG, &args);
    command.env("THALWEG_HELPERS", built());
    if !preloaded.is_empty() {
        command.env("LD_PRELOAD", preloaded);
    }
    command.output().unwrap().into()
}

/// The same for a command line that is refused: with these words, and with nothing left behind.
#[track_caller]
fn check_refused(scene: &Scene, args: &[&str], words: &str) {
    let before = scene.files();
    let ended = record(scene, "", args);
    assert_eq!(ended.stderr, format!("thalweg: failed to {words}\n"));
    assert_eq!(ended.status, Some(125));
    assert_eq!(scene.files(), before);
}

#[test]
fn the_command_has_the_helpers_and_what_the_user_preloads() {
    let scene = Scene::new();
    let users = built().join("libthalweg_dl.so");
    let users = users.to_str().unwrap();
    let script = "echo $LD_PRELOAD; exit 3";
    let ended = record(
        &scene,
        users,
        &["--helper", "libc", "--", "/bin/sh", "-c", script],
    );
    assert_eq!(ended.status, Some(3), "{}", ended.stderr);
    let ours = built().canonicalize().unwrap().join("libthalweg_libc.so");
    assert_eq!(ended.stdout, format!("{}:{users}\n", ours.display()));
    let text = babeltrace2_clean(&scene.dir().join("t"));
    assert_eq!(text.lines().count() as u64, recorded(&ended.stderr));
    assert!(text.contains(" lttng_ust_libc:malloc: "), "{text}");
}

#[test]
fn without_helpers_the_environment_stays_as_it_is() {
    let scene = Scene::new();
    let ended = record(
        &scene,
        "",
        &["--", "/bin/sh", "-c", "echo ${LD_PRELOAD-none}"],
    );
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), "none\n"));
}

#[test]
fn a_helper_that_is_not_there_is_told_with_the_folders() {
    let scene = Scene::of_stranger();
    let args = ["record", "--no-kernel", "--helper", "libc", "--", "true"];
    let ended = scene.as_stranger(&args);
    let folder = scene.dir().canonicalize().unwrap();
    let installed = folder.parent().unwrap().join("lib/thalweg");
    let words = format!(
        "thalweg: failed to find libthalweg_libc.so: it is not in {}, nor in {}; set \
         THALWEG_HELPERS to the folder that has it\n",
        folder.display(),
        installed.display()
    );
    assert_eq!(ended.stderr, words);
    assert_eq!(ended.status, Some(125));
    assert_eq!(scene.files(), ["thalweg"]);
}

#[test]
fn a_program_with_rights_of_its_own_is_refused() {
    let scene = Scene::new();
    let program = scene.dir().join("program");
    fs::copy("/bin/true", &program).unwrap();
    chown(&program, Some(STRANGER), Some(STRANGER)).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    let args = ["--helper", "libc", "--", "./program"];
    check_refused(
        &scene,
        &args,
        "preload helpers into ./program: it runs with its owner's rights, and the dynamic linker \
         then preloads nothing; record it as a user who has them already",
    );
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let ended = record(&scene, "", &args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

#[test]
fn two_helpers_for_the_same_functions_are_refused() {
    check_refused(
        &Scene::new(),
        &["--helper", "functions,functions-fast", "--", "true"],
        "use the helpers functions and functions-fast together: both stand in for the same \
         functions; choose one",
    );
}

#[test]
fn an_unknown_helper_is_answered_with_a_near_one_and_with_all() {
    let scene = Scene::new();
    let ended = record(&scene, "", &["--helper", "lib", "--", "true"]);
    assert_eq!(ended.status, Some(125));
    for words in [
        "'lib'",
        "a similar value exists: 'libc'",
        "pthread",
        "functions-fast",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert_eq!(scene.files(), [""; 0]);
}
