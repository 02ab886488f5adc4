//! System calls with payload, judged by strace: the same execution, seen by both.
//!
//! strace stops a thread before the kernel's tracepoint is reached and reads its memory, which brings
//! the pages in: nothing is left to be a fault here. How often one hides a text without strace, the
//! last test tells.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thalweg_tests::{Call, Report, Straced, World, calls_of, straced};

/// Each test's recorder sees the calls of the others', and they are called the same.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Names that strace has and the kernel's function has not: `stat` is `newstat`.
fn is_same(strace: &str, kernel: &str) -> bool {
    let names = [
        strace.to_owned(),
        format!("new{strace}"),
        format!("{strace}64"),
        strace.trim_end_matches('2').to_owned(),
    ];
    names.iter().any(|name| name == kernel)
}

/// What two tell differently of one call.
fn differences(theirs: &Straced, ours: &Call) -> Vec<String> {
    let mut all = Vec::new();
    if theirs.result.is_some() && theirs.result.map(low) != ours.result.map(low) {
        all.push(format!("result {:?}, not {:?}", ours.result, theirs.result));
    }
    all.extend(texts(theirs, ours));
    for number in &theirs.numbers {
        let is_there = |(_, ours): &(String, i128)| low(*ours) == low(*number);
        if !ours.numbers.iter().any(is_there) {
            all.push(format!("number {number}"));
        }
    }
    all.extend(address(theirs, ours));
    for (name, state) in &ours.incomplete {
        // Null, and none because the call failed, are what strace prints as well.
        if ![2, 4].contains(state) {
            all.push(format!("{name} {state}"));
        }
    }
    all
}

/// Our texts are theirs, in their order; some exits tell a text of the entry again.
fn texts(theirs: &Straced, ours: &Call) -> Vec<String> {
    let (mut wrong, mut told) = (Vec::new(), Vec::new());
    let mut rest = theirs.texts.iter();
    for (name, text) in ours.texts.iter().filter(|(_, text)| !text.is_empty()) {
        let plain = text.strip_prefix(b"@").filter(|_| name == "sun_path");
        let is_again = told.contains(&(name, text)) && !name.ends_with("_strings");
        if !is_again && !rest.any(|theirs| theirs == text || Some(&theirs[..]) == plain) {
            wrong.push(format!("text {name} {:?}", String::from_utf8_lossy(text)));
        }
        told.push((name, text));
    }
    wrong
}

/// An `int` is as wide as its register to some, and to others not.
fn low(number: i128) -> u32 {
    number as u32
}

fn address(theirs: &Straced, ours: &Call) -> Option<String> {
    let (_, port) = theirs.arguments.split_once("port=htons(")?;
    let port: i128 = port.split_once(')')?.0.parse().ok()?;
    let family = if theirs.arguments.contains("sin6_") {
        10
    } else {
        2
    };
    let ports = [ours.list("dport"), ours.list("sport"), ours.list("port")].concat();
    let told = (ours.list("family"), ports);
    let quads: Vec<String> = ours.list("v4addr").iter().map(i128::to_string).collect();
    let quads = quads.join(".");
    let is_there = family == 10 || theirs.texts.iter().any(|text| text == quads.as_bytes());
    let is_same = told == (vec![family], vec![port]) && is_there;
    (!is_same).then(|| format!("address {told:?} {quads:?} of {}", theirs.arguments))
}

/// Compares the calls of each thread that strace has followed; how many they are, and with how many
/// texts.
#[track_caller]
fn compare(
    theirs: &BTreeMap<u32, Vec<Straced>>,
    ours: &BTreeMap<u32, Vec<Call>>,
    wrong: &mut Vec<String>,
) -> (usize, usize) {
    let (mut calls, mut texts) = (0, 0);
    for (tid, theirs) in theirs {
        let ours = ours.get(tid).map_or(&[][..], Vec::as_slice);
        // What strace's own child does before it becomes the program, strace does not show.
        let first = match theirs[0].name.as_str() {
            "execve" => ours.iter().position(|call| call.name == "execve"),
            _ => Some(0),
        };
        let ours = &ours[first.unwrap_or(ours.len())..];
        for (place, straced) in theirs.iter().enumerate() {
            let Some(call) = ours.get(place).filter(|c| is_same(&straced.name, &c.name)) else {
                let found = ours.get(place).map(|call| call.name.as_str());
                wrong.push(format!("thread {tid}: {} is {found:?}", straced.name));
                break;
            };
            let all = differences(straced, call);
            let all = all.into_iter();
            wrong.extend(all.map(|d| format!("{}({}): {d}", straced.name, straced.arguments)));
            (calls, texts) = (calls + 1, texts + call.texts.len());
        }
        let more = ours.len().saturating_sub(theirs.len());
        if more > 0 {
            wrong.push(format!("thread {tid}: {more} calls that strace has not"));
        }
    }
    (calls, texts)
}

/// Answers each request with a line.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n");
    }
}

/// Real commands; `DIR` is a folder of their own.
const COMMANDS: [&str; 20] = [
    "ls -la /usr",
    "cat /etc/passwd",
    "cp /etc/passwd DIR/copy",
    "mkdir -p DIR/a/b/c",
    "git init -q DIR/repository",
    "git -C DIR/repository status --short",
    "/usr/bin/python3 -c 'import os; os.pipe(); print(os.listdir(\"/\"))'",
    "curl -s URL",
    "sqlite3 DIR/database 'create table t(a); insert into t values (1); select * from t'",
    "find /etc -name '*.conf'",
    "tar -C /etc -czf DIR/etc.tar.gz apt",
    "ssh-keygen -q -t ed25519 -N '' -f DIR/key",
    "sh -c 'sort /etc/passwd | head -2 | wc -l'",
    "mv DIR/copy DIR/moved",
    "ln -s moved DIR/link",
    "stat DIR/link",
    "df /",
    "sleep 5 & sleep 0.1; kill $!; wait; true",
    "xz -k -T2 DIR/moved",
    SOCKETS,
];

/// Sockets of three families and threads.
const SOCKETS: &str = "/usr/bin/python3 -c '
import socket, os, threading
for family, address in (socket.AF_INET, \"127.0.0.1\"), (socket.AF_INET6, \"::1\"):
    s = socket.socket(family); s.bind((address, 0)); s.listen()
    c = socket.socket(family); c.connect(s.getsockname()); a, _ = s.accept(); c.getpeername()
    d = socket.socket(family, socket.SOCK_DGRAM); d.bind((address, 0))
    d.sendto(b\"x\", d.getsockname()); d.recvfrom(9)
u = socket.socket(socket.AF_UNIX); u.bind(\"DIR/socket\"); u.listen()
v = socket.socket(socket.AF_UNIX); v.connect(\"DIR/socket\"); u.accept()
w = socket.socket(socket.AF_UNIX); w.bind(\"\\0thalweg-{}\".format(os.getpid()))
socket.socketpair()
try: open(\"DIR/none\")
except OSError: pass
t = [threading.Thread(target=os.stat, args=(\"DIR\",)) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]
'";

#[test]
fn strace_sees_the_same_calls_with_the_same_strings_and_results() {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || serve(&listener));
    let world = World::new();
    let dir = world.trace("files");
    std::fs::create_dir(&dir).expect("the folder is ours");
    let (mut wrong, mut sum) = (Vec::new(), (0, 0));
    for (number, command) in COMMANDS.iter().enumerate() {
        let command = command
            .replace("DIR", &dir.to_string_lossy())
            .replace("URL", &url);
        let log = world.trace(&format!("strace-{number}"));
        let recorder = world
            .recorder(&format!("trace-{number}"))
            .syscalls("all")
            .start();
        run_straced(&world, &log, &command);
        let report = recorder.finish();
        assert_eq!(report.lost(), 0, "{report:?}");
        check_babeltrace2(&report);
        let text = std::fs::read_to_string(&log).expect("strace wrote it");
        let ours = calls_of(&report.output);
        let (calls, texts) = compare(&straced(&text), &ours, &mut wrong);
        println!("{calls:6} calls, {texts:5} texts: {command}");
        sum = (sum.0 + calls, sum.1 + texts);
    }
    println!("{} calls, {} texts", sum.0, sum.1);
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert!(sum.0 > 2000 && sum.1 > 500, "{sum:?}");
}

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

fn run_straced(world: &World, log: &Path, command: &str) {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-X", "raw", "-xx", "-s", "70000", "-o"]);
    strace
        .arg(log)
        .args(["sh", "-c", &format!("exec {command}")]);
    world.place(&mut strace);
    let done = thalweg_testkit::finish("strace", &mut strace);
    assert!(done.success, "{command}: {}", done.stderr);
}

/// babeltrace2 reads it without a word, and prints what our reader prints. Version 2.0.4 prints for an
/// empty text what the field of an older event held (its review 4528): such a text is not compared.
#[track_caller]
fn check_babeltrace2(report: &Report) {
    let theirs = thalweg_testkit::babeltrace2_clean(&report.output);
    let ours = thalweg_tests::our_text(&report.output);
    assert_eq!(ours.lines().count(), theirs.lines().count(), "lines");
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        let mut rest = theirs;
        let mut parts = ours.split(" = \"\"");
        let first = parts.next().unwrap_or_default();
        let mut is_same = rest.starts_with(first);
        rest = rest.get(first.len()..).unwrap_or_default();
        for part in parts {
            let behind = rest
                .strip_prefix(" = \"")
                .and_then(|rest| rest.split_once('"'));
            let behind = behind.and_then(|(_, behind)| behind.strip_prefix(part));
            is_same &= behind.is_some();
            rest = behind.unwrap_or_default();
        }
        assert!(
            is_same && rest.is_empty(),
            "ours and babeltrace2's:\n{ours}\n{theirs}"
        );
    }
}
