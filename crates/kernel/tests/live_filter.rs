//! Filters that this machine's kernel carries out, beside our own evaluation of what it recorded
//! without them.
//!
//! ```text
//!   instance with the filter      ──▶ events ─┐
//!                                             ├ the same, in the same order
//!   instance without it ──▶ events, evaluated ┘
//! ```

mod common;

use std::convert::Infallible;
use std::ffi::CString;
use std::io::Seek;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use common::decoded::{Decoded, DecodedEvent, decode};
use common::{Random, tracefs};
use thalweg_filter::{Filter, evaluate, link};
use thalweg_kernel::{
    Error, EventFilter, EventRule, HeaderKind, KernelConfig, KernelEvent, KernelRecording,
};

/// What the events are made of.
const NAMES: [&str; 10] = [
    "a",
    "ab",
    "1a",
    "!a",
    "a[b]",
    "b*a",
    "a?",
    "ab ab",
    "quote\"d",
    "a-name-of-fifteen",
];
const OFFSETS: [i64; 9] = [0, 1, 2, 255, 4096, 1 << 31, 1 << 40, i64::MAX - 1, i64::MAX];

fn rules(patterns: &[&str], condition: Option<&str>) -> Vec<EventRule> {
    let rules = patterns.iter().map(|&pattern| EventRule::new(pattern));
    let with = |rule: EventRule| match condition {
        Some(condition) => rule.with_filter(condition),
        None => rule,
    };
    rules.map(with).collect()
}

struct Instance {
    recording: KernelRecording,
}

impl Instance {
    fn start(rules: &[EventRule], filter: Option<&str>) -> Result<Self, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let filters = filter.map(|text| EventFilter {
            patterns: None,
            filter: text.parse().expect("it is a filter"),
            text: text.to_owned(),
        });
        let config = KernelConfig {
            rules: rules.to_vec(),
            filters: filters.into_iter().collect(),
            buffer_bytes_per_cpu: 1 << 20,
            ..KernelConfig::new(format!("filter-{number}-{}", std::process::id()))
        };
        let (mut recording, _) = KernelRecording::start(&tracefs(), &config)?;
        let ids: Vec<u32> = (0..recording.events().len() as u32).collect();
        recording.set_ids(HeaderKind::Large, &ids);
        recording.resume()?;
        Ok(Self { recording })
    }

    /// What it has recorded, in the order of time, and the events by name.
    fn end(mut self) -> (Vec<DecodedEvent>, Vec<KernelEvent>) {
        let events = self.recording.events().to_vec();
        let mut all = Vec::new();
        self.recording.stop().unwrap();
        self.recording
            .drain_all(&mut |packet| {
                assert_eq!(packet.lost_total, 0);
                all.extend(decode(packet, &events));
                Ok::<(), Infallible>(())
            })
            .unwrap();
        let produced = self.recording.stats().unwrap();
        let produced: u64 = produced.iter().map(|(_, stats)| stats.produced()).sum();
        assert_eq!(produced, all.len() as u64, "the kernel's own count");
        self.recording.remove().unwrap();
        all.sort_by_key(|event| event.at);
        (all, events)
    }
}

/// Whether the filter passes an event of this class.
fn passes(filter: &Filter, event: &DecodedEvent, class: &KernelEvent) -> bool {
    let bytecode = filter.compile().unwrap();
    let lookup = |name: &[u8], element: Option<u32>| {
        let mut members = class.payload.members.iter();
        let at = members.position(|member| member.name.as_bytes() == name)?;
        element.is_none().then_some(at as u16)
    };
    let mut words = vec![0; 4096];
    let len = link(bytecode.as_bytes(), lookup, &mut words).unwrap();
    evaluate(&words[..len], event)
}

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

/// A pattern that may match one of the names.
fn pattern(random: &mut Random) -> String {
    let name = random.one_of(&NAMES);
    let from = random.below(name.len());
    let to = from + 1 + random.below(name.len() - from);
    let escape = |text: &str| text.replace('*', "\\*").replace('"', "\\\"");
    match random.below(5) {
        0 => escape(name),
        1 => format!("{}*", escape(&name[..to])),
        2 => format!("*{}", escape(&name[from..])),
        3 => format!("*{}*", escape(&name[from..to])),
        _ => format!(
            "{}*{}",
            escape(&name[..from.min(1)]),
            escape(&name[to - 1..])
        ),
    }
}

/// A filter on some of these numbers, with constants like these, and on these texts.
fn filter(random: &mut Random, (numbers, texts): (&[&str], &[&str]), depth: u32) -> String {
    let comparison = random.one_of(&["<", "<=", ">", ">=", "==", "!="]);
    let constant = match random.below(4) {
        0 => -1 - random.below(30) as i64,
        1 => random.below(30) as i64,
        _ => random.one_of(&OFFSETS),
    };
    let kinds = if texts.is_empty() { 2 } else { 4 };
    match random.below(if depth == 0 { kinds } else { kinds + 3 }) {
        0 => format!("{} {comparison} {constant}", random.one_of(numbers)),
        1 => {
            let mask = random.one_of(&[1_i64, 2, 3, 7, 0xff, 1 << 40, 0x7fff_0000]);
            format!(
                "({} & {mask}) {comparison} {constant}",
                random.one_of(numbers)
            )
        }
        n if n < kinds => {
            let is = random.one_of(&["==", "!="]);
            format!("{} {is} \"{}\"", random.one_of(texts), pattern(random))
        }
        n => {
            let fields = (numbers, texts);
            let logic = if n == kinds { "||" } else { "&&" };
            let (left, right) = (
                filter(random, fields, depth - 1),
                filter(random, fields, depth - 1),
            );
            let not = if n == kinds + 2 { "!" } else { "" };
            format!("{not}({left} {logic} {right})")
        }
    }
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
