//! Functions, markers, and filters of probes' events, as far as the kernel that runs the tests has them; the
//! rest is shown in the guest (`cargo xtask vm`).

mod common;

use std::fs;
use std::path::Path;

use common::{Ended, Scene, recorded};
use thalweg_testkit::{babeltrace2_clean, run};

fn tracing(name: &str) -> String {
    fs::read_to_string(Path::new("/sys/kernel/tracing").join(name)).unwrap_or_default()
}

#[track_caller]
fn refused(ended: &Ended, words: &str) {
    assert_eq!(ended.status, Some(125), "{}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn functions_are_recorded_or_refused_in_one_line() {
    let scene = Scene::new();
    let base = ["record", "--no-user", "-o", "t", "--functions"];
    let args = |pattern| base.into_iter().chain([pattern, "--", "true"]);
    let ended = scene.thalweg(&args("vfs_open").collect::<Vec<_>>());
    if tracing("available_filter_functions").is_empty() {
        refused(
            &ended,
            "failed to trace functions with the tracer function: ",
        );
    } else {
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert!(babeltrace2_clean(&scene.dir().join("t")).contains("func = \"vfs_open\""));
    }
    let ended = scene.thalweg(&args("vfs_open:traceoff").collect::<Vec<_>>());
    refused(&ended, "`vfs_open:traceoff` is no name of a function");
}

#[test]
fn a_text_of_a_marker_is_in_the_trace_as_it_was_written() {
    let scene = Scene::new();
    let marker = "/sys/kernel/tracing/trace_marker";
    let text = "a frame: 7 of 9 \\\\ \\\"x\\\"";
    let script = format!("printf '%s' \"{text}\" >{marker}; echo second >{marker}");
    let args = [
        "record",
        "--no-user",
        "-k",
        "ftrace:print",
        "-o",
        "t",
        "--",
        "sh",
        "-c",
        &script,
    ];
    let ended = scene.thalweg(&args);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    if !Path::new("/sys/kernel/tracing/options/copy_trace_marker").exists() {
        assert!(
            ended.stderr.contains("trace_marker is not recorded"),
            "{}",
            ended.stderr
        );
        return;
    }
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    // Other tests may write there at the same time.
    let texts: Vec<&str> = theirs
        .lines()
        .filter_map(|line| line.split_once("buf = ")?.1.strip_suffix(" }"))
        .filter(|text| text.contains("frame") || text.contains("second"))
        .collect();
    assert_eq!(texts, [r#""a frame: 7 of 9 \\ \"x\"""#, "\"second\""]);
}

#[test]
fn filters_of_kernel_events_hold_for_probes() {
    let scene = Scene::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/probed.c");
    let app = scene.dir().join("app");
    let made = run(
        "gcc",
        [
            "-O1".as_ref(),
            "-o".as_ref(),
            app.as_os_str(),
            source.as_os_str(),
        ],
    );
    assert!(made.success, "{}", made.stderr);
    let record = |filter: &str, trace: &str| {
        let probe = "./app:work n=$arg1:s32 if n != 8";
        scene.thalweg(&[
            "record",
            "--no-user",
            "--probe",
            probe,
            "--kernel-filter",
            filter,
            "-o",
            trace,
            "--",
            "./app",
            "10",
        ])
    };
    let ended = record("app:work: n > 6", "named");
    assert_eq!(recorded(&ended.stderr), 2, "{}", ended.stderr);
    let theirs = babeltrace2_clean(&scene.dir().join("named"));
    assert!(
        theirs.contains("n = 7 }") && theirs.contains("n = 9 }"),
        "{theirs}"
    );
    assert_eq!(recorded(&record("n < 3", "all").stderr), 3);
    refused(
        &record("m < 3", "none"),
        "the event has no field `m` (did you mean `n`?)",
    );
    refused(
        &record("app:wrk: n < 3", "none"),
        "failed to find a kernel event called `app:wrk`",
    );
}

#[test]
fn a_plan_has_probes_and_their_places() {
    let scene = Scene::new();
    let probe = "libc.so.6:getppid";
    let ended = scene.thalweg(&["record", "--plan", "--no-user", "--probe", probe]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let told = &ended.stdout;
    assert!(told.contains("probes: 1 probe; "), "{told}");
    assert!(
        told.contains("libc.so.6:getppid") || told.contains("libc_so_6:getppid"),
        "{told}"
    );
}
