//! The kernel's events under load, as many as the kernel and `perf stat` count.
//!
//! With `THALWEG_FULL=1` the loads are those of a benchmark.

mod common;

use std::path::Path;

use common::{Ended, Scene, discarded, recorded};
use thalweg_testkit::{discarded_events, run};

fn is_full() -> bool {
    std::env::var_os("THALWEG_FULL").is_some_and(|value| value == "1")
}

/// Records; the recorder itself compares what it has with the kernel's counters.
#[track_caller]
fn record(scene: &Scene, flags: &[&str], command: &[&str]) -> Ended {
    let first = ["record", "--no-user", "-o", "t"];
    let ended = scene.thalweg(&[&first[..], flags, &["--"], command].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("kernel counted"), "{}", ended.stderr);
    ended
}

/// What babeltrace2 counts in the trace, and what it says is discarded.
#[track_caller]
fn counted(trace: &Path) -> (u64, u64) {
    let path = trace.to_str().expect("a path in ASCII");
    let ran = run("babeltrace2", [path, "--component=sink.utils.counter"]);
    assert!(ran.success, "{}", ran.stderr);
    // It counts aloud: the last number is all.
    let line = ran.stdout.lines().rev().find_map(|line| {
        let (count, what) = line.trim().split_once(' ')?;
        what.starts_with("Event message")
            .then(|| count.parse().ok())?
    });
    let events = line.expect("a count of events");
    assert_eq!(ran.stderr, "");
    // What is discarded only the text's writer tells.
    let ran = run("babeltrace2", [path, "--output=/dev/null"]);
    assert!(ran.success, "{}", ran.stderr);
    let discarded = discarded_events(&ran.stderr);
    (events, discarded.expect("nothing else is said"))
}

/// The events of a trace as text.
fn text(scene: &Scene) -> String {
    let seen = scene.thalweg(&["view", "t"]);
    assert_eq!(seen.status, Some(0), "{}", seen.stderr);
    seen.stdout
}

/// Messages between 20 senders and 20 receivers for each group.
#[test]
fn the_default_events_of_many_messages_are_all_there() {
    let (groups, rounds) = if is_full() { (4, 100) } else { (1, 50) };
    let (groups_text, rounds_text) = (groups.to_string(), rounds.to_string());
    let command = [
        "perf",
        "bench",
        "sched",
        "messaging",
        "-g",
        &groups_text,
        "-l",
        &rounds_text,
    ];
    let scene = Scene::new();
    let ended = record(&scene, &[], &command);
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    let trace = scene.dir().join("t");
    let (events, lost) = counted(&trace);
    assert_eq!((events, lost), (recorded(&ended.stderr), 0));
    // A message is one write of 100 bytes; others on this machine may write as many.
    let messages = groups * 20 * 20 * rounds;
    let text = text(&scene);
    let writes = text
        .lines()
        .filter(|line| line.contains(" syscall_entry_write: ") && line.ends_with(" count = 100 }"));
    let writes = writes.count();
    println!("{events} events, {writes} messages");
    assert!(
        (messages..=messages + messages / 100).contains(&writes),
        "{writes} of {messages}"
    );
}

/// Files are made, found, packed, read; and fetched over the loopback.
const FILES_AND_NETWORK: &str = r#"
mkdir d; i=0; while [ $i -lt 50 ]; do echo $i > d/$i; i=$((i+1)); done
find /usr/include /usr/share/doc -name '*.h' > d/found
tar cf d.tar d; tar xf d.tar -C /tmp --to-stdout > d/out; grep -r 7 d > /dev/null; wc d/*; sort d/found > /dev/null
/usr/bin/python3 -c '
import threading, urllib.request, http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *a: None
threading.Thread(target=server.serve_forever, daemon=True).start()
for _ in range(20): urllib.request.urlopen("http://127.0.0.1:%d/d.tar" % server.server_port).read()
'
"#;

#[test]
fn every_system_call_of_files_and_network_is_there() {
    let scene = Scene::new();
    let count = [
        "perf",
        "stat",
        "-x,",
        "-o",
        "count",
        "-e",
        "raw_syscalls:sys_enter",
    ];
    let script = match is_full() {
        true => FILES_AND_NETWORK
            .repeat(10)
            .replace("mkdir d;", "mkdir -p d;"),
        false => FILES_AND_NETWORK.to_owned(),
    };
    let command = [&count[..], &["sh", "-c", &script]].concat();
    let ended = record(&scene, &["--follow", "--syscalls"], &command);
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    let (events, lost) = counted(&scene.dir().join("t"));
    assert_eq!((events, lost), (recorded(&ended.stderr), 0));
    // perf counts its command's from its exec on, when it is called neither as we are nor perf any more.
    let text = text(&scene);
    let before = ["procname = \"perf", "procname = \"thalweg\""];
    let entries = text.lines().filter(|line| {
        line.contains("syscall_entry_") && !before.iter().any(|name| line.contains(name))
    });
    let entries = entries.count() as u64;
    let counted = std::fs::read_to_string(scene.dir().join("count")).unwrap();
    let mut lines = counted.lines().filter(|line| line.contains("sys_enter"));
    let counted: u64 = lines
        .next()
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    println!("{entries} calls, perf counts {counted}");
    assert!(entries > 3000);
    assert_eq!(entries, counted);
}

/// Every tracepoint of the kernel is on while a crate is built; with fewer events, while one file is.
#[test]
fn all_tracepoints_at_once_are_counted_to_the_event() {
    let scene = Scene::new();
    let made = scene.command("cargo", &["init", "--vcs", "none", "--name", "small", "c"]);
    let made = { made }.output().expect("cargo");
    assert!(made.status.success(), "{made:?}");
    let build =
        "RUSTC_WRAPPER= cargo build --offline --manifest-path c/Cargo.toml --target-dir c/target";
    let script = match is_full() {
        true => build,
        false => "mkdir -p c/target/debug; cp c/src/main.rs c/target/debug/small",
    };
    let ended = record(&scene, &["-k", "*"], &["sh", "-c", script]);
    let (events, lost) = counted(&scene.dir().join("t"));
    let told = match ended.stderr.contains("discarded") {
        true => discarded(&ended.stderr),
        false => 0,
    };
    println!("{events} events, {lost} discarded");
    assert_eq!((events, lost), (recorded(&ended.stderr), told));
    assert!(events > 10_000, "{events}");
    assert!(scene.dir().join("c/target/debug/small").exists());
}
