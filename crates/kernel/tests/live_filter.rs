//! Filters that this machine's kernel carries out, beside our own evaluation of what it recorded
//! without them.
//!
//! ```text
//!   instance with the filter      ──▶ events ─┐
//!                                             ├ the same, in the same order
//!   instance without it ──▶ events, evaluated ┘
//! ```

mod common;

use std::ffi::CString;
use std::io::Seek;
use std::os::unix::fs::symlink;
use std::process::Command;

use common::Random;
use common::decoded::{Decoded, DecodedEvent};
use common::filters::{Instance, NAMES, OFFSETS, filter, passes, pattern, rules};
use thalweg_filter::Filter;
use thalweg_kernel::{Error, EventRule, KernelEvent};

/// An event without what differs between two instances.
fn told(event: &DecodedEvent, classes: &[KernelEvent]) -> (String, Vec<Decoded>) {
    (classes[event.event].name.clone(), event.values.clone())
}

/// Which events are the workload's, and what they do not say of where they happened.
type Knowledge<'a> = (
    &'a dyn Fn(&DecodedEvent) -> bool,
    &'a dyn Fn(&mut DecodedEvent),
);

/// Runs a workload under both instances; how many events there were, and how many passed.
fn compare(
    filter: &str,
    rules: &[EventRule],
    work: &mut dyn FnMut(),
    (is_ours, know): Knowledge<'_>,
) -> Option<(usize, usize)> {
    let filtered = match Instance::start(rules, Some(filter)) {
        Ok(instance) => Some(instance),
        // No event can pass.
        Err(Error::UselessFilter { .. }) => None,
        Err(Error::KernelFilter { .. }) => return None,
        Err(error) => panic!("{filter}: {error}"),
    };
    let all = Instance::start(rules, None).unwrap();
    work();
    let (all, classes) = all.end();
    let parsed: Filter = filter.parse().unwrap();
    let ours: Vec<DecodedEvent> = all.into_iter().filter(is_ours).collect();
    let should_pass = |event: &&DecodedEvent| {
        let mut known = (*event).clone();
        know(&mut known);
        passes(&parsed, &known, &classes[event.event])
    };
    let expected = ours.iter().filter(should_pass);
    let expected: Vec<_> = expected.map(|event| told(event, &classes)).collect();
    let (found, classes) = filtered.map(Instance::end).unwrap_or_default();
    let found = found.iter().filter(|event| is_ours(event));
    let found: Vec<_> = found.map(|event| told(event, &classes)).collect();
    assert_eq!(found, expected, "{filter}");
    Some((ours.len(), found.len()))
}

/// Compares so many filters; all pairs, and those that passed.
fn run(rounds: usize, mut round: impl FnMut() -> Option<(usize, usize)>, least: usize) {
    let (mut pairs, mut passed) = (0, 0);
    for _ in 0..rounds {
        let (events, found) = round().unwrap_or_default();
        pairs += events;
        passed += found;
    }
    eprintln!("{passed} of {pairs} passed");
    assert!(pairs >= least, "{pairs} events");
    assert!(
        passed > pairs / 8 && passed < pairs * 7 / 8,
        "{passed} of {pairs} passed"
    );
}

/// What the kernel cannot test, and often something that it can.
fn beyond(random: &mut Random, numbers: &[&str]) -> String {
    let comparison = random.one_of(&["<", "<=", ">", ">=", "==", "!="]);
    let (one, other) = (random.one_of(numbers), random.one_of(numbers));
    let hard = match random.below(4) {
        0 => format!("{one} * {} {comparison} {other}", 1 + random.below(3)),
        1 => format!("{one} / {other} {comparison} {}", random.below(3)),
        2 => format!("$ctx.pid {comparison} {}", std::process::id()),
        _ => format!("({one} >> {}) {comparison} {other}", random.below(70)),
    };
    let easy = filter(random, (numbers, &[]), 1);
    match random.below(4) {
        0 => hard,
        1 => format!("({hard}) || ({easy})"),
        2 => format!("!({hard}) && ({easy})"),
        _ => format!("({easy}) && ({hard})"),
    }
}

#[test]
fn what_the_kernel_cannot_test_our_reading_does() {
    let mut random = Random(7);
    let tid = rustix::thread::gettid().as_raw_nonzero().get();
    let rules = rules(&["sys_*_lseek"], Some(&format!("common_pid == {tid}")));
    let mut file = tempfile::tempfile().unwrap();
    let is_ours = |_: &DecodedEvent| true;
    let know = |event: &mut DecodedEvent| {
        event.tid = tid;
        event.pid = std::process::id() as i32;
    };
    let round = || {
        let numbers: &[&str] = random.one_of(&[&["fd", "offset", "whence"][..], &["ret"]]);
        let text = beyond(&mut random, numbers);
        let mut work = || {
            for _ in 0..120 {
                let offset = random.one_of(&OFFSETS);
                let _ = file.seek(std::io::SeekFrom::Start(offset as u64));
            }
        };
        compare(&text, &rules, &mut work, (&is_ours, &know))
    };
    run(60, round, 10_000);
}

#[test]
fn the_kernel_passes_the_system_calls_that_our_evaluation_passes() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let tid = rustix::thread::gettid().as_raw_nonzero().get();
    let own = format!("common_pid == {tid}");
    let rules = rules(&["sys_*_lseek"], Some(&own));
    let mut file = tempfile::tempfile().unwrap();
    file.set_len(1 << 20).unwrap();
    let fields = ["fd", "offset", "whence", "ret", "$ctx.cpu_id", "$ctx.tid"];
    let is_ours = |_: &DecodedEvent| true;
    let know = |event: &mut DecodedEvent| event.tid = tid;
    let round = || {
        let side: &[&str] = random.one_of(&[&fields[..3], &fields[3..4]]);
        let mut numbers = side.to_vec();
        numbers.push(random.one_of(&fields[4..]));
        let text = filter(&mut random, (&numbers, &[]), 2);
        let mut work = || {
            for _ in 0..120 {
                let offset = random.one_of(&OFFSETS);
                let _ = match random.below(3) {
                    0 => file.seek(std::io::SeekFrom::Start(offset as u64)),
                    1 => file.seek(std::io::SeekFrom::Current(offset - (1 << 20))),
                    _ => file.seek(std::io::SeekFrom::End(-offset)),
                };
            }
        };
        compare(&text, &rules, &mut work, (&is_ours, &know))
    };
    run(60, round, 10_000);
}

#[test]
fn the_kernel_passes_the_names_that_our_evaluation_passes() {
    let mut random = Random(0xbf58_476d_1ce4_e5b9);
    let tid = rustix::thread::gettid().as_raw_nonzero().get();
    let rules = rules(&["task_rename"], Some(&format!("common_pid == {tid}")));
    let is_ours = |_: &DecodedEvent| true;
    let know = |event: &mut DecodedEvent| {
        event.tid = tid;
        let Decoded::Text(old) = &event.values[1] else {
            panic!("the old name is a text");
        };
        event.procname.clone_from(old);
    };
    let round = || {
        let numbers = ["pid", "oom_score_adj", "$ctx.tid"];
        let texts = ["oldcomm", "newcomm", "$ctx.procname"];
        let text = filter(&mut random, (&numbers, &texts), 3);
        let mut work = || {
            for _ in 0..120 {
                let name = CString::new(random.one_of(&NAMES)).unwrap();
                rustix::thread::set_name(&name).unwrap();
            }
        };
        compare(&text, &rules, &mut work, (&is_ours, &know))
    };
    run(60, round, 5_000);
}

#[test]
fn the_kernel_passes_the_programs_that_our_evaluation_passes() {
    let mut random = Random(0x94d0_49bb_1331_11eb);
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        symlink("/bin/true", folder.path().join(name)).unwrap();
    }
    let rules = rules(&["sched_process_exec"], None);
    let prefix = folder.path().to_str().unwrap().as_bytes().to_vec();
    let is_ours = |event: &DecodedEvent| {
        event.values.iter().any(|value| match value {
            Decoded::Text(text) => text.starts_with(&prefix),
            _ => false,
        })
    };
    let round = || {
        let text = match random.below(4) {
            0 => format!("filename == \"{}/a\"", folder.path().display()),
            _ => format!(
                "filename == \"*{}\" || filename != \"*{}\"",
                pattern(&mut random),
                pattern(&mut random)
            ),
        };
        let mut work = || {
            for _ in 0..10 {
                let name = random.one_of(&NAMES);
                let status = Command::new(folder.path().join(name)).status().unwrap();
                assert!(status.success());
            }
        };
        compare(&text, &rules, &mut work, (&is_ours, &|_| {}))
    };
    run(20, round, 100);
}
