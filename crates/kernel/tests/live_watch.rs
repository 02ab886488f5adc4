//! What programs in this machine's kernel count, beside tracefs' own filters and our own evaluation of what
//! was recorded.
//!
//! ```text
//!   a child, line by line ──▶ events ──▶ programs, the filter in them      ──▶ count()
//!                                   ├──▶ instance with the filter          ──▶ events
//!                                   └──▶ instance without it ──▶ evaluated ──▶ events
//! ```

mod common;

use std::ffi::CString;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use common::decoded::{Decoded, DecodedEvent};
use common::filters::{Instance, NAMES, OFFSETS, filter, passes, rules};
use common::{Random, tracefs};
use thalweg_filter::Filter;
use thalweg_kernel::{Error, KeyValue, WatchError, WatchRow, WatchSpec, WatchValue, Watching};

/// A process that does as it is told: a watch leaves out what its own process does.
struct Worker {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    tid: i32,
}

impl Worker {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "the_worker", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let answers = BufReader::new(answers);
        let mut worker = Self {
            child,
            orders,
            answers,
            tid: 0,
        };
        worker.tid = worker.answer("tid ").parse().unwrap();
        worker
    }

    /// What stands behind `front` in the next line that begins so.
    fn answer(&mut self, front: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(
                self.answers.read_line(&mut line).unwrap(),
                0,
                "it has ended"
            );
            // The test runner's own words may stand before ours.
            if let Some((_, rest)) = line.split_once(front) {
                return rest.trim().to_owned();
            }
        }
    }

    fn work(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
        self.answer("done");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "the process that the tests beside it give orders to"]
fn the_worker() {
    println!("\ntid {}", rustix::thread::gettid().as_raw_nonzero());
    let mut file = tempfile::tempfile().unwrap();
    file.set_len(1 << 20).unwrap();
    for (seed, order) in (1..).zip(std::io::stdin().lines()) {
        let mut random = Random(seed);
        for _ in 0..120 {
            if order.as_deref().is_ok_and(|order| order == "rename") {
                let name = CString::new(random.one_of(&NAMES)).unwrap();
                rustix::thread::set_name(&name).unwrap();
                continue;
            }
            let offset = random.one_of(&OFFSETS);
            let _ = match random.below(3) {
                0 => file.seek(SeekFrom::Start(offset as u64)),
                1 => file.seek(SeekFrom::Current(offset - (1 << 20))),
                _ => file.seek(SeekFrom::End(-offset)),
            };
        }
        println!("\ndone");
    }
}

fn spec(text: &str) -> WatchSpec {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The groups of what a worker does.
fn watched(text: &str, work: &mut dyn FnMut()) -> Vec<WatchRow> {
    let (mut watching, left_out) = Watching::start(&tracefs(), &spec(text), 1024).unwrap();
    assert!(left_out.is_empty(), "{text}: {left_out:?}");
    work();
    watching.stop();
    let table = watching.take().unwrap();
    let counts = watching.counts().unwrap();
    assert_eq!((counts.lost, counts.unknown), (0, 0), "{text}");
    assert_eq!(counts.passed, table.counted(), "{text}");
    table.rows()
}

fn count(rows: &[WatchRow]) -> u64 {
    rows.iter().map(|row| row.count).sum()
}

/// Runs one filter everywhere; how many events there were, and how many passed.
fn compare(
    worker: &mut Worker,
    (event, order, filter): (&str, &str, &str),
    know: &dyn Fn(&mut DecodedEvent),
) -> (usize, usize) {
    let tid = worker.tid;
    let pattern = event.replace("syscalls:", "");
    let rules = rules(&[&pattern], Some(&format!("common_pid == {tid}")));
    let filtered = match Instance::start(&rules, Some(filter)) {
        Ok(instance) => Some(instance),
        Err(Error::UselessFilter { .. } | Error::KernelFilter { .. }) => None,
        Err(error) => panic!("{filter}: {error}"),
    };
    let all = Instance::start(&rules, None).unwrap();
    let text = format!("count() of {event} where tid == {tid} && ({filter})");
    let found = count(&watched(&text, &mut || worker.work(order)));
    let (all, classes) = all.end();
    let parsed: Filter = filter.parse().unwrap();
    let should_pass = |event: &&DecodedEvent| {
        let mut known = (*event).clone();
        know(&mut known);
        passes(&parsed, &known, &classes[event.event])
    };
    let expected = all.iter().filter(should_pass).count();
    assert_eq!(found, expected as u64, "{filter}");
    if let Some(filtered) = filtered {
        assert_eq!(found, filtered.end().0.len() as u64, "tracefs: {filter}");
    }
    (all.len(), expected)
}

#[test]
fn programs_pass_the_system_calls_that_tracefs_and_our_evaluation_pass() {
    let mut worker = Worker::start();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let tid = worker.tid;
    let know = |event: &mut DecodedEvent| event.tid = tid;
    let (mut pairs, mut passed) = (0, 0);
    for round in 0..40 {
        let (event, numbers): (_, &[&str]) = match round % 2 {
            0 => (
                "syscalls:sys_enter_lseek",
                &["fd", "offset", "whence", "$ctx.tid"],
            ),
            _ => ("syscalls:sys_exit_lseek", &["ret", "$ctx.tid"]),
        };
        let text = filter(&mut random, (numbers, &[]), 2);
        let found = compare(&mut worker, (event, "lseek", &text), &know);
        (pairs, passed) = (pairs + found.0, passed + found.1);
    }
    eprintln!("{passed} of {pairs} passed");
    assert!(pairs >= 4_000, "{pairs} events");
    assert!(passed > pairs / 8 && passed < pairs * 7 / 8, "{passed}");
}

#[test]
fn programs_pass_the_names_that_tracefs_and_our_evaluation_pass() {
    let mut worker = Worker::start();
    let mut random = Random(0xbf58_476d_1ce4_e5b9);
    let tid = worker.tid;
    let know = |event: &mut DecodedEvent| {
        event.tid = tid;
        let Decoded::Text(old) = &event.values[1] else {
            panic!("the old name is a text");
        };
        event.procname.clone_from(old);
    };
    let (mut pairs, mut passed) = (0, 0);
    for _ in 0..40 {
        let numbers = ["pid", "oom_score_adj", "$ctx.tid"];
        let texts = ["oldcomm", "newcomm", "$ctx.procname"];
        let text = filter(&mut random, (&numbers, &texts), 3);
        let found = compare(&mut worker, ("task:task_rename", "rename", &text), &know);
        (pairs, passed) = (pairs + found.0, passed + found.1);
    }
    eprintln!("{passed} of {pairs} passed");
    assert!(pairs >= 4_000, "{pairs} events");
    assert!(passed > pairs / 8 && passed < pairs * 7 / 8, "{passed}");
}

/// What each name is counted to when names follow as the worker has them.
fn renames(seed: u64) -> Vec<(String, u64)> {
    let mut random = Random(seed);
    let names = (0..120).map(|_| random.one_of(&NAMES).chars().take(15).collect());
    let names: Vec<String> = names.collect();
    let mut counts: Vec<(String, u64)> = Vec::new();
    for name in names {
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort();
    counts
}

#[test]
fn groups_are_those_of_the_work_that_was_done() {
    let mut worker = Worker::start();
    let text = format!(
        "count() of task:task_rename by newcomm where tid == {}",
        worker.tid
    );
    let rows = watched(&text, &mut || worker.work("rename"));
    let found = rows.iter().map(|row| match &row.keys[..] {
        [KeyValue::Text(name)] => (name.clone(), row.count),
        keys => panic!("{keys:?}"),
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    assert_eq!(found, renames(1));
}

#[test]
fn numbers_are_added_up_as_they_were() {
    let mut worker = Worker::start();
    let numbers = "count(), sum(ret), min(ret), max(ret), avg(ret)";
    let ours = format!("where tid == {} && ret >= 0", worker.tid);
    let text = format!("{numbers}, histogram(ret) of syscall:lseek by syscall {ours}");
    let rows = watched(&text, &mut || worker.work("lseek"));
    let [row] = &rows[..] else {
        panic!("{rows:?}");
    };
    assert_eq!(row.keys, [KeyValue::Text("lseek".to_owned())]);
    // The same work, done here.
    let mut random = Random(1);
    let mut file = tempfile::tempfile().unwrap();
    file.set_len(1 << 20).unwrap();
    let mut results = Vec::new();
    for _ in 0..120 {
        let offset = random.one_of(&OFFSETS);
        let result = match random.below(3) {
            0 => file.seek(SeekFrom::Start(offset as u64)),
            1 => file.seek(SeekFrom::Current(offset - (1 << 20))),
            _ => file.seek(SeekFrom::End(-offset)),
        };
        results.extend(result.ok().map(|at| at as i64));
    }
    let sum = results
        .iter()
        .fold(0_i64, |sum, one| sum.wrapping_add(*one));
    let number = |number: i64| WatchValue::Number(number.into());
    assert_eq!(row.values[0], number(results.len() as i64));
    assert_eq!(row.values[1], number(sum));
    assert_eq!(row.values[2], number(*results.iter().min().unwrap()));
    assert_eq!(row.values[3], number(*results.iter().max().unwrap()));
    let WatchValue::Buckets(buckets) = &row.values[5] else {
        panic!("{:?}", row.values[5]);
    };
    for (bucket, count) in buckets {
        let within = |one: &&i64| (bucket.first..=bucket.last).contains(*one);
        assert_eq!(
            results.iter().filter(within).count() as u64,
            *count,
            "{bucket:?}"
        );
    }
    let all: u64 = buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(all, results.len() as u64);
}

#[test]
fn what_finds_no_room_is_counted() {
    let mut worker = Worker::start();
    let text = format!(
        "count() of task:task_rename by newcomm where tid == {}",
        worker.tid
    );
    let (mut watching, _) = Watching::start(&tracefs(), &spec(&text), 4).unwrap();
    worker.work("rename");
    let table = watching.take().unwrap();
    let counts = watching.counts().unwrap();
    assert_eq!(table.rows().len(), 4);
    assert!(counts.lost > 0);
    assert_eq!((counts.passed, counts.lost + table.counted()), (120, 120));
}

#[test]
fn nothing_is_missed_or_told_twice_between_two_looks() {
    let mut worker = Worker::start();
    let text = format!(
        "count() where tid == {} && syscall == \"lseek\"",
        worker.tid
    );
    let (mut watching, _) = Watching::start(&tracefs(), &spec(&text), 16).unwrap();
    let mut all = watching.take().unwrap();
    let rounds = 50;
    for _ in 0..rounds {
        writeln!(worker.orders, "lseek").unwrap();
        for _ in 0..3 {
            all.add(watching.take().unwrap());
        }
    }
    for _ in 0..rounds {
        worker.answer("done");
    }
    watching.stop();
    all.add(watching.take().unwrap());
    assert_eq!(count(&all.rows()), rounds * 120);
}

#[track_caller]
fn check_refused(text: &str, column: usize, words: &str) {
    match Watching::start(&tracefs(), &spec(text), 16) {
        Err(Error::Watch(WatchError { column: at, why })) => {
            assert_eq!(at, column, "{why}");
            assert!(why.contains(words), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_does_not_fit_is_told_with_its_place() {
    check_refused("count() of shed_switch", 12, "did you mean sched_switch?");
    check_refused("count() of syscall:opnat", 12, "did you mean openat?");
    check_refused("count() by com", 12, "did you mean `comm`");
    check_refused(
        "count() of sched_switch by prev_com",
        28,
        "(did you mean `prev_comm`?)",
    );
    check_refused(
        "sum(comm)",
        5,
        "a number is needed here, and this is a text",
    );
    check_refused("count() where pid > 1.5", 21, "no floats");
    check_refused("count() of *", 12, "400 at most");
    check_refused("count() where $ctx.vtid == 1", 15, "do not know $ctx.vtid");
}
