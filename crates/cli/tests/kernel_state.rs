//! The kernel's state dump, beside what `/proc` says of processes that are there all the time.

mod common;

use common::Scene;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use thalweg_testkit::babeltrace2_clean;

/// Processes that do nothing until they are dropped.
struct Idlers(Vec<Child>);

impl Idlers {
    fn start(count: usize) -> Self {
        let start = |_| {
            let mut command = Command::new("sleep");
            command.arg("1000").stdin(Stdio::null());
            command.spawn().unwrap()
        };
        Self((0..count).map(start).collect())
    }
}

impl Drop for Idlers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The events of a name.
fn named<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let name = format!(" lttng_statedump_{name}: ");
    text.lines().filter(|line| line.contains(&name)).collect()
}

/// What stands behind `key = ` in an event.
fn value<'l>(line: &'l str, key: &str) -> &'l str {
    let (_, behind) = line
        .split_once(&format!(" {key} = "))
        .expect("the event has the field");
    behind.split([',', ' ']).next().unwrap()
}

fn dumped(scene: &Scene, arguments: &[&str]) -> String {
    let record = [&["record", "-o", "trace"], arguments, &["--", "true"]].concat();
    let ended = scene.thalweg(&record);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    babeltrace2_clean(&scene.dir().join("trace"))
}

#[test]
fn each_process_that_is_there_all_the_time_is_told_once() {
    let scene = Scene::new();
    let idlers = Idlers::start(200);
    let text = dumped(&scene, &[]);
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in named(&text, "process_state") {
        told.entry(value(line, "tid").to_owned())
            .or_default()
            .push(line);
    }
    assert!(told.values().all(|lines| lines.len() == 1));
    let here = std::process::id().to_string();
    for child in &idlers.0 {
        let pid = child.id().to_string();
        let line = told[&pid][0];
        let fields = ["pid", "ppid", "name", "type", "status"].map(|key| value(line, key));
        assert_eq!(fields, [&*pid, &*here, "\"sleep\"", "0", "5"]);
    }
    assert_eq!(
        (named(&text, "start").len(), named(&text, "end").len()),
        (1, 1)
    );
    // Threads of the kernel are told apart.
    let kthreadd = told["2"][0];
    assert_eq!(
        [value(kthreadd, "type"), value(kthreadd, "ppid")],
        ["1", "0"]
    );
}

#[test]
fn descriptors_and_namespaces_are_those_of_proc() {
    let scene = Scene::new();
    let path = scene.dir().join("open");
    let file = File::options()
        .append(true)
        .create(true)
        .open(&path)
        .unwrap();
    let text = dumped(&scene, &["-k", "sched_process_exit,lttng_statedump_*"]);
    let pid = std::process::id();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file).to_string();
    let is_it = |line: &&&str| {
        value(line, "file_table_address") == format!("0x{pid:X}") && value(line, "fd") == fd
    };
    let descriptors = named(&text, "file_descriptor");
    let line = descriptors.iter().find(is_it).expect("our file is told");
    assert!(
        line.contains(&format!("filename = \"{}\"", path.display())),
        "{line}"
    );
    // O_WRONLY, O_APPEND, O_CLOEXEC and, on 64 bits, O_LARGEFILE.
    assert_eq!(
        [value(line, "flags"), value(line, "fmode")],
        ["02102001", "0x2"]
    );
    for name in ["mnt", "net", "uts", "ipc", "pid", "user"] {
        let link = fs::read_link(format!("/proc/self/ns/{name}")).unwrap();
        let events = named(&text, &format!("process_{name}_ns"));
        let of_us = |line: &&&str| value(line, "tid") == pid.to_string();
        let inode = value(events.iter().find(of_us).unwrap(), "ns_inum");
        assert_eq!(link.to_str().unwrap(), format!("{name}:[{inode}]"));
    }
}

#[test]
fn chosen_events_have_no_dump_unless_it_is_chosen() {
    let scene = Scene::new();
    let text = dumped(&scene, &["-k", "sched_process_exit"]);
    assert!(!text.contains("lttng_statedump_"));
}

#[test]
fn mappings_are_those_of_proc() {
    let scene = Scene::new();
    let text = dumped(&scene, &["-k", "lttng_statedump_vm_map"]);
    let pid = std::process::id();
    let events = named(&text, "vm_map");
    let own = events
        .iter()
        .filter(|line| value(line, "pid") == pid.to_string());
    let told: Vec<[&str; 4]> = own
        .map(|line| ["start", "flags", "inode", "pgoff"].map(|key| value(line, key)))
        .collect();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut ours = maps
        .lines()
        .filter(|line| line.contains(" r-xp ") && line.contains("kernel_state"));
    let words: Vec<&str> = ours.next_back().unwrap().split_whitespace().collect();
    let start = words[0].split('-').next().unwrap().to_uppercase();
    let offset = u64::from_str_radix(words[2], 16).unwrap().to_string();
    let expected = [&format!("0x{start}"), "0x5", words[4], &offset];
    assert!(told.contains(&expected), "{expected:?} is not in {told:?}");
    assert!(!text.contains("_process_state:"), "nothing else was named");
}

/// A thread's events of a kind, as `level: fields`.
fn levels(text: &str, name: &str, tid: &str, fields: &[&str]) -> Vec<String> {
    let events = named(text, name).into_iter();
    let own = events.filter(|line| value(line, "tid") == tid);
    own.map(|line| {
        let values: Vec<&str> = fields.iter().map(|key| value(line, key)).collect();
        format!("{}: {}", value(line, "ns_level"), values.join(" "))
    })
    .collect()
}

/// A process in two pid namespaces within one another and in a user namespace of its own, in which user
/// 1234 is root.
struct Nested {
    outer: Child,
    sleeper: String,
}

/// What stands behind a key of a process's `status`.
fn status_of(pid: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let words = line.unwrap().split_whitespace();
    words.map(str::to_owned).collect()
}

fn child_of(pid: &str) -> Option<String> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(path).unwrap();
    children.split_whitespace().next().map(str::to_owned)
}

fn inode(pid: &str, name: &str) -> String {
    let link = fs::read_link(format!("/proc/{pid}/ns/{name}")).unwrap();
    let link = link.to_str().unwrap();
    link.split(['[', ']']).nth(1).unwrap().to_owned()
}

impl Nested {
    fn start(scene: &Scene) -> Self {
        let open = PermissionsExt::from_mode(0o777);
        fs::set_permissions(scene.dir(), open).unwrap();
        let script = "setpriv --reuid 1234 --clear-groups unshare -U sh -c ': > ready; read map
            unshare -pf sh -c \"unshare -pf sleep 1000 & : > go; wait\"'";
        let mut command = scene.command("sh", &["-c", script]);
        let mut outer = command.stdin(Stdio::piped()).spawn().unwrap();
        common::wait_until("the shell", || scene.dir().join("ready").exists());
        let shell = outer.id().to_string();
        let shell = child_of(&shell).unwrap_or(shell);
        fs::write(format!("/proc/{shell}/uid_map"), "0 1234 1").unwrap();
        outer.stdin.take().unwrap().write_all(b"map\n").unwrap();
        common::wait_until("the rest", || scene.dir().join("go").exists());
        let mut sleeper = shell;
        common::wait_until("sleep", || {
            while let Some(child) = child_of(&sleeper) {
                sleeper = child;
            }
            status_of(&sleeper, "Name:") == ["sleep"]
        });
        Self { outer, sleeper }
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let mut kill = Command::new("kill");
        let _ = kill.args(["-KILL", &self.sleeper]).status();
        let _ = self.outer.wait();
    }
}

#[test]
fn each_namespace_within_another_has_its_numbers() {
    let scene = Scene::new();
    let nested = Nested::start(&scene);
    let text = dumped(&scene, &["-k", "lttng_statedump_process_*"]);
    let sleeper = &nested.sleeper;
    let of = |name, fields: &[&str]| levels(&text, name, sleeper, fields);
    let (first, inner) = (inode("self", "user"), inode(sleeper, "user"));
    let expected = [format!("0: 1234 0 {first}"), format!("1: 0 65534 {inner}")];
    assert_eq!(
        of("process_user_ns", &["vuid", "vgid", "ns_inum"]),
        expected
    );
    let (own, parent) = (
        status_of(sleeper, "NSpid:"),
        &status_of(sleeper, "PPid:")[0],
    );
    let inodes = ["self", parent, sleeper].map(|pid| inode(pid, "pid"));
    assert_eq!(own.len(), 3);
    let expected = own.iter().zip(&inodes).enumerate();
    let expected: Vec<String> = expected
        .map(|(level, (pid, inode))| format!("{level}: {pid} {pid} {inode}"))
        .collect();
    assert_eq!(of("process_pid_ns", &["vtid", "vpid", "ns_inum"]), expected);
    let parents = status_of(parent, "NSpid:");
    let expected = [&parents[0], &parents[1], "0"].into_iter().enumerate();
    let expected: Vec<String> = expected
        .map(|(level, pid)| format!("{level}: {pid}"))
        .collect();
    assert_eq!(of("process_pid_ns", &["vppid"]), expected);
}

#[test]
fn an_interrupt_that_runs_in_a_thread_says_which() {
    let scene = Scene::new();
    let text = dumped(
        &scene,
        &[
            "-k",
            "lttng_statedump_interrupt,lttng_statedump_process_state",
        ],
    );
    let mut threads = BTreeMap::new();
    for line in named(&text, "process_state") {
        if value(line, "name").starts_with("\"irq/") {
            threads.insert(
                value(line, "tid").to_owned(),
                value(line, "name").to_owned(),
            );
        }
    }
    let interrupts = named(&text, "interrupt");
    assert!(!interrupts.is_empty());
    let told = interrupts.iter().filter(|line| value(line, "tid") != "0");
    for line in told.clone() {
        let begin = format!("\"irq/{}-", value(line, "irq"));
        assert!(threads[value(line, "tid")].starts_with(&begin), "{line}");
    }
    assert_eq!(told.count(), threads.len(), "each thread is told once");
}

#[test]
fn sigusr2_has_the_state_told_again() {
    let scene = Scene::new();
    let script = "sleep 0.5; kill -USR2 $PPID; sleep 0.5";
    let flags = [
        "record",
        "--no-user",
        "-o",
        "t",
        "-klttng_statedump_process_state",
    ];
    let ended = scene.thalweg(&[&flags[..], &["--", "sh", "-c", script]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let text = babeltrace2_clean(&scene.dir().join("t"));
    assert_eq!(named(&text, "start").len(), 2);
    let of_us = format!(" tid = {},", std::process::id());
    let told = named(&text, "process_state").into_iter();
    assert_eq!(told.filter(|line| line.contains(&of_us)).count(), 2);
}

/// LTTng's, from the metadata of its own kernel tracer, in the form of this project's notes.
const CLASSES: &str = include_str!("kernel_state.txt");

#[test]
fn names_and_fields_are_lttngs() {
    let scene = Scene::new();
    dumped(&scene, &["-k", "lttng_statedump_*"]);
    let metadata = fs::read_to_string(scene.dir().join("trace/kernel/metadata")).unwrap();
    for line in CLASSES.lines() {
        let (name, fields) = line.split_once(": ").unwrap();
        let begin = metadata.find(&format!("name = \"{name}\";")).expect(name);
        let class = &metadata[begin..];
        let class = &class[..class.find("\n};").unwrap()];
        let ours: Vec<&str> = class
            .lines()
            .filter_map(|line| line.trim().strip_suffix(';'))
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(_, field)| field.split('[').next().unwrap())
            .filter(|field| field.starts_with('_'))
            .collect();
        let theirs: Vec<&str> = fields
            .split(' ')
            .filter(|field| !field.is_empty())
            .collect();
        assert_eq!(ours, theirs, "{name}");
    }
}
