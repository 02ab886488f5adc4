//! What kernel events say of priority, users, groups, namespaces and control group of the running thread:
//! beside what `/proc` said to the thread itself, step by step.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use common::Scene;
use thalweg_testkit::babeltrace2_clean;

const SCRIPT: &str = include_str!("attributes.py");
const CONTEXTS: &str = "pid,procname,prio,nice,hostname,uid,euid,suid,gid,egid,sgid,vuid,veuid,vsuid,vgid,vegid,\
    vsgid,cgroup_ns,ipc_ns,mnt_ns,net_ns,pid_ns,time_ns,user_ns,uts_ns,cgroup_id,cgroup,container";
const CONTAINER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A group of version 2 that goes with the test; none where it cannot be made.
struct Group(PathBuf);

impl Group {
    fn new() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let of_2 = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
        let folder = of_2.split(' ').nth(4)?;
        let name = format!("thalweg-{}-{CONTAINER}.scope", std::process::id());
        let path = PathBuf::from(folder).join(name);
        fs::create_dir(&path).ok()?;
        fs::remove_dir(&path).unwrap();
        Some(Self(path))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// The value of a field in a line, without quotes; the first of that name.
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line.split_once(&format!(" {name} = ")).unwrap();
    match rest.strip_prefix('"') {
        Some(text) => text.split_once('"').unwrap().0,
        None => rest.split([',', ' ']).next().unwrap(),
    }
}

#[test]
fn after_each_change_an_event_says_what_proc_says() {
    let scene = Scene::new();
    fs::write(scene.dir().join("attributes.py"), SCRIPT).unwrap();
    let group = Group::new();
    let path = group.as_ref().map_or("", |group| group.0.to_str().unwrap());
    let flags = [
        "record",
        "--no-user",
        "--follow",
        "-o",
        "t",
        "--context",
        CONTEXTS,
    ];
    let what = [
        "-k",
        "syscall_entry_write",
        "--",
        "python3",
        "attributes.py",
        "steps",
        path,
    ];
    let ended = scene.thalweg(&[&flags[..], &what].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(ours.stdout == trace, "view and babeltrace2 differ");
    let writes: BTreeMap<&str, &str> = trace
        .lines()
        .map(|line| (field(line, "count"), line))
        .collect();
    let steps = fs::read_to_string(scene.dir().join("steps")).unwrap();
    for step in steps.lines() {
        let (bytes, rest) = step.split_once(' ').unwrap();
        let event = writes[bytes];
        for said in rest.split(' ').filter_map(|word| word.split_once('=')) {
            assert_eq!((said.0, field(event, said.0)), said, "{step}\n{event}");
        }
        let container = if field(event, "cgroup").contains(CONTAINER) {
            CONTAINER
        } else {
            "-"
        };
        assert_eq!(field(event, "container"), container);
    }
    let expected = if group.is_some() { 19 } else { 16 };
    assert_eq!(steps.lines().count(), expected, "{steps}");
    let has = |word: &str| steps.contains(&format!("prio={word} "));
    assert!(has("-10") && has("24") && has("23"), "{steps}");
}

/// Nice ones, urgent ones, and those that somebody else makes so while they sleep.
const LIVES: &str = "renice -n 0 -p $$ >/dev/null; i=0; while [ $i -lt 60 ]; do nice -n 7 /bin/true; chrt -f 5 /bin/true;
    chrt -r 3 sh -c '/bin/true; /bin/true' & i=$((i+1)); done; wait;
    sleep 0.2 & renice -n 11 -p $! >/dev/null; wait";

#[test]
fn every_switch_says_the_priority_that_it_has_itself() {
    let scene = Scene::new();
    let flags = [
        "record",
        "--no-user",
        "-o",
        "t",
        "--context",
        "prio,nice,tid",
    ];
    let what = ["-k", "sched_switch", "--", "sh", "-c", LIVES];
    let ended = scene.thalweg(&[&flags[..], &what].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let mut told = BTreeMap::new();
    for line in trace.lines() {
        assert_eq!(field(line, "prio"), field(line, "prev_prio"), "{line}");
        *told.entry(field(line, "prio")).or_insert(0) += 1;
        let nice: i32 = field(line, "nice").parse().unwrap();
        let prio: i32 = field(line, "prio").parse().unwrap();
        assert!(prio < 0 || prio == 20 + nice, "{line}");
    }
    for prio in ["27", "-6", "-4", "31", "20"] {
        assert!(told.contains_key(prio), "{prio}: {told:?}");
    }
}

/// LTTng's names, with its types, in its order: from the metadata of its own kernel tracer.
const LTTNG: &str = "i32 pid, i32 ppid, i32 vpid, i32 prio, i32 nice, u32 cgroup_ns, u32 ipc_ns, u32 mnt_ns, \
    u32 net_ns, u32 pid_ns, u32 time_ns, u32 user_ns, u32 uts_ns, u32 uid, u32 gid, u32 euid, u32 egid, u32 suid, \
    u32 sgid, u32 vuid, u32 vgid, u32 veuid, u32 vegid, u32 vsuid, u32 vsgid";

#[test]
fn names_types_and_order_are_lttngs() {
    let scene = Scene::new();
    let names: Vec<&str> = LTTNG
        .split(", ")
        .map(|one| one.split_once(' ').unwrap().1)
        .collect();
    let context = format!("--context={}", names.join(","));
    let flags = [
        "record",
        "--no-user",
        "-o",
        "t",
        &context,
        "-ksched_switch",
        "true",
    ];
    let ended = scene.thalweg(&flags);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let metadata = fs::read_to_string(scene.dir().join("t/kernel/metadata")).unwrap();
    let (_, context) = metadata.split_once("event.context := struct {").unwrap();
    let (context, _) = context.split_once("\n\t}").unwrap();
    let found: Vec<String> = context
        .lines()
        .filter_map(|line| {
            let (class, name) = line.trim().strip_suffix(';')?.rsplit_once(' ')?;
            let sign = if class.contains("signed = 1") {
                'i'
            } else {
                'u'
            };
            assert!(class.contains("size = 32;"), "{class}");
            Some(format!("{sign}32 {}", name.strip_prefix('_')?))
        })
        .collect();
    assert_eq!(found.join(", "), LTTNG);
}
