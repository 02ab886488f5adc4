//! The kernel's state dump of many processes, while others begin and end.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use common::Scene;
use thalweg_testkit::babeltrace2_clean;

const CROWD: &str = include_str!("crowd.py");

/// Processes that do nothing.
struct Crowd {
    parent: Child,
    pids: BTreeSet<u32>,
}

impl Crowd {
    fn start(scene: &Scene, count: usize) -> Self {
        fs::write(scene.dir().join("crowd.py"), CROWD).unwrap();
        let mut command = scene.command("python3", &["crowd.py", "idle", &count.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut parent = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(parent.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let pids: BTreeSet<u32> = line.split_whitespace().map(number).collect();
        assert_eq!(pids.len(), count);
        Self { parent, pids }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.parent.stdin.take());
        let _ = self.parent.wait();
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap()
}

/// The number in a field of an event, if it has it.
fn field(line: &str, name: &str) -> Option<u32> {
    let (_, behind) = line.split_once(&format!(" {name} = "))?;
    behind.split([',', ' ']).next()?.parse().ok()
}

/// What the trace tells of numbers: which were there at the start, and which began or ended.
#[derive(Default)]
struct Told {
    dumped: BTreeMap<u32, u32>,
    begun: BTreeSet<u32>,
    began: Option<u64>,
    took_ms: u64,
}

impl Told {
    fn read(trace: &str) -> Self {
        let mut told = Self::default();
        for line in trace.lines() {
            if line.contains(" lttng_statedump_start:") {
                told.began = Some(time_ns(line));
            } else if line.contains(" lttng_statedump_end:") {
                told.took_ms = (time_ns(line) - told.began.unwrap()) / 1_000_000;
            } else if line.contains("_process_state:") {
                *told.dumped.entry(field(line, "tid").unwrap()).or_default() += 1;
            } else if line.contains(" sched_process_fork:") && told.began.is_some() {
                told.begun.insert(field(line, "child_tid").unwrap());
            } else if line.contains(" sched_process_exit:") {
                // Its number may be another one's from now on.
                told.dumped.remove(&field(line, "tid").unwrap());
            }
        }
        told
    }
}

/// For how many processes there was no time.
fn left_out(said: &str) -> usize {
    let words = said.split(" had no time for all of ").nth(1);
    words.map_or(0, |rest| rest.split(' ').next().unwrap().parse().unwrap())
}

/// `[08:22:26.226309684]`
fn time_ns(line: &str) -> u64 {
    let (clock, ns) = line[1..]
        .split_once(']')
        .unwrap()
        .0
        .split_once('.')
        .unwrap();
    let seconds = clock.split(':').map(|part| u64::from(number(part)));
    seconds.fold(0, |all, part| all * 60 + part) * 1_000_000_000 + u64::from(number(ns))
}

#[test]
fn nobody_is_lost_or_doubled_while_others_begin_and_end() {
    let is_full = std::env::var_os("THALWEG_FULL").is_some_and(|value| value == "1");
    let count = if is_full { 10_000 } else { 1000 };
    let scene = Scene::new();
    let crowd = Crowd::start(&scene, count);
    let seconds = if is_full { "6" } else { "1.5" };
    let flags = ["record", "--no-user", "--kernel-buffer=16M", "-o", "t"];
    let what = [
        "-ksched_process_fork,sched_process_exit",
        "-klttng_statedump_process_*,lttng_statedump_file_descriptor",
        "--",
    ];
    let churn = ["python3", "crowd.py", "churn", seconds, "stayed"];
    let ended = scene.thalweg(&[&flags[..], &what, &churn].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let left = left_out(&ended.stderr);
    assert!(is_full || left == 0, "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let told = Told::read(&trace);
    println!(
        "{count} processes: told in {} ms, but for {left}",
        told.took_ms
    );
    assert!(told.took_ms < 5500);
    let once = |pid: &&u32| told.dumped.get(pid) == Some(&1);
    let of_crowd = crowd.pids.iter().filter(once).count();
    // Who is left out is told in number; processes that have begun meanwhile may be among them.
    assert!(of_crowd + left >= count && (left > 0 || of_crowd == count));
    let doubled = told.dumped.iter().filter(|(_, count)| **count > 1);
    assert_eq!(doubled.count(), 0);
    let stayed = fs::read_to_string(scene.dir().join("stayed")).unwrap();
    let stayed: Vec<u32> = stayed.split_whitespace().map(number).collect();
    assert!(stayed.len() > 10, "{}", stayed.len());
    for pid in stayed {
        assert!(told.begun.contains(&pid), "{pid} began");
    }
}
