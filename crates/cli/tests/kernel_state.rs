//! The kernel's state dump, beside what `/proc` says of processes that are there all the time.

mod common;

use common::Scene;
use std::collections::BTreeMap;
use std::fs::{self, File};
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
