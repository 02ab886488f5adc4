//! Counts, beside those of `perf stat`.

mod common;

use common::Scene;
use thalweg_testkit::SpawnGuarded as _;

/// The value of an event in what `perf stat -x,` says.
fn theirs(scene: &Scene, events: &str, command: &[&str]) -> Vec<u64> {
    let flags = ["stat", "-x,", "-o", "perf.csv", "-e", events, "--"];
    let status = scene
        .command("perf", &[&flags[..], command].concat())
        .status();
    assert!(status.unwrap().success());
    let text = std::fs::read_to_string(scene.dir().join("perf.csv")).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    // Times are milliseconds with a fraction.
    let value = |line: &str| line.split([',', '.']).next().unwrap().parse().unwrap();
    lines.map(value).collect()
}

fn ours(scene: &Scene, events: &str, command: &[&str]) -> Vec<u64> {
    let flags = ["stat", "--json", "-o", "ours.json", "-e", events, "--"];
    let ended = scene.thalweg(&[&flags[..], command].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let text = std::fs::read_to_string(scene.dir().join("ours.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["version"], 1);
    let events = json["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["value"].as_u64().unwrap())
        .collect()
}

/// Three processes: 5000, 300 and a few writes.
const WRITERS: [&str; 3] = [
    "sh",
    "-c",
    "dd if=/dev/zero of=/dev/null bs=1 count=5000 status=none & \
     dd if=/dev/zero of=/dev/null bs=1 count=300 status=none; wait; echo done",
];

#[test]
fn tracepoints_are_counted_as_perf_counts_them() {
    let scene = Scene::new();
    let events = "syscalls:sys_enter_write,syscalls:sys_enter_clone,sched:sched_process_exec";
    let (ours, theirs) = (
        ours(&scene, events, &WRITERS),
        theirs(&scene, events, &WRITERS),
    );
    assert_eq!(ours[0], 5301);
    assert_eq!(ours[..2], theirs[..2]);
    assert_eq!(ours[2], theirs[2], "{ours:?}, {theirs:?}");
}

#[test]
fn page_faults_and_time_are_near_those_of_perf() {
    let scene = Scene::new();
    let command = [
        "dd",
        "if=/dev/zero",
        "of=/dev/null",
        "bs=16M",
        "count=20",
        "status=none",
    ];
    let events = "page-faults,task-clock";
    let (ours, theirs) = (
        ours(&scene, events, &command),
        theirs(&scene, events, &command),
    );
    let off = ours[0].abs_diff(theirs[0]);
    assert!(off * 50 <= theirs[0] || off <= 8, "{ours:?}, {theirs:?}");
    assert!(ours[1] > 0);
}

#[test]
fn the_command_keeps_its_status_and_the_text_names_what_is_missing() {
    let scene = Scene::new();
    let ended = scene.thalweg(&["stat", "--", "sh", "-c", "echo out; exit 7"]);
    assert_eq!(
        (ended.status, &*ended.stdout),
        (Some(7), "out\n"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("ms  task-clock"), "{}", ended.stderr);
    assert!(ended.stderr.contains("  page-faults"), "{}", ended.stderr);
    let ended = scene.thalweg(&["stat", "--", "./there-is-none"]);
    assert_eq!(ended.status, Some(127));
    for (args, words) in [
        (&["-e", "sched:none", "true"][..], "no such tracepoint"),
        (&["-p", "999999999"], "there is none"),
        (&[], "required"),
    ] {
        let ended = scene.thalweg(&[&["stat"], args].concat());
        assert_eq!(ended.status, Some(125), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn a_process_and_the_whole_machine_are_counted_while_they_run() {
    let scene = Scene::new();
    let mut dd = scene.command("dd", &["if=/dev/zero", "of=/dev/null", "bs=1"]);
    let mut dd = dd
        .stderr(std::process::Stdio::null())
        .spawn_guarded()
        .unwrap();
    let pid = dd.id().to_string();
    let count = |whose: &[&str]| {
        let flags = [
            "stat",
            "--json",
            "-o",
            "ours.json",
            "-e",
            "syscalls:sys_enter_write",
        ];
        let ended = scene.thalweg(&[&flags[..], whose, &["--duration", "0.3"]].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        let text = std::fs::read_to_string(scene.dir().join("ours.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["events"][0]["value"].as_u64().unwrap()
    };
    assert!(count(&["-p", &pid]) > 1000);
    assert!(count(&["-a"]) > 1000);
    dd.kill().unwrap();
    dd.wait().unwrap();
}
