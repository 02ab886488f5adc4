//! The main job on real input: a build of the example from clean, and the example itself, recorded
//! with the default kernel events, with nothing lost, and read alike by us and by babeltrace2.

mod common;

use common::{Scene, recorded};
use std::fs;
use std::path::{Path, PathBuf};
use thalweg_testkit::babeltrace2_clean;

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Records a command and compares the readers; the lines of the trace.
#[track_caller]
fn check(scene: &Scene, trace: &str, command: &[&str]) -> String {
    let ended = scene.thalweg(&[&["record", "-o", trace, "--"], command].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    // The recorder compares its counts with the kernel's, and would say so.
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    let ours = scene.thalweg(&["view", "--clock-gmt", trace]);
    assert_eq!((ours.status, ours.stderr.as_str()), (Some(0), ""));
    let theirs = babeltrace2_clean(&scene.dir().join(trace));
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    theirs
}

#[test]
fn a_build_and_what_it_built_are_recorded_whole() {
    let scene = Scene::new();
    let target = scene.dir().join("target");
    let manifest = root().join("Cargo.toml");
    let build = [
        env!("CARGO"),
        "build",
        "--quiet",
        "--package",
        "shop",
        "--manifest-path",
        manifest.to_str().unwrap(),
        "--target-dir",
        target.to_str().unwrap(),
    ];
    let of_build = check(&scene, "build", &build);
    let is_rustc = |line: &&str| line.contains("sched_process_exec:") && line.contains("rustc");
    assert!(
        of_build.lines().any(|line| is_rustc(&line)),
        "rustc was run"
    );

    let shop = target.join("debug/shop");
    let count = scene.dir().join("count");
    let args = [
        shop.to_str().unwrap(),
        "--requests",
        "1000",
        "--threads",
        "4",
        "--count-file",
        count.to_str().unwrap(),
    ];
    let of_shop = check(&scene, "shop", &args);
    let emitted: usize = fs::read_to_string(&count).unwrap().trim().parse().unwrap();
    let of_program = |line: &&str| line.contains(" shop:") || line.contains(" lttng_ust_trace");
    let events = of_shop.lines().filter(of_program);
    assert_eq!(events.count(), emitted, "the program counts its own events");
    assert!(
        of_shop.contains("sched_switch:"),
        "kernel and program in one trace"
    );
}
