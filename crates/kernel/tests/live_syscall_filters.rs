//! Filters of system calls on this machine's kernel, beside the evaluator of crate `filter`.
//!
//! Two recordings of the same calls of one thread, one with filters: what it has is what the other one has
//! of events for which the evaluator says true, and nothing else is produced.

mod common;

use std::convert::Infallible;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use common::decoded::{DecodedEvent, decode_calls};
use common::filters::{NAMES, OFFSETS, pattern};
use common::{Random, tracefs};
use thalweg_filter::{Filter, evaluate, link};
use thalweg_kernel::{
    EventFilter, Stacks, SyscallConfig, SyscallEvent, SyscallOptions, SyscallRecording, TraceClock,
    Track,
};

/// An event, numbers and texts of it that filters ask for.
const EVENTS: [(&str, &[&str], &[&str]); 9] = [
    (
        "syscall_entry_lseek",
        &["fd", "offset", "whence", "$ctx.tid"],
        &[],
    ),
    ("syscall_exit_lseek", &["ret", "$ctx.pid"], &[]),
    (
        "syscall_entry_rename",
        &["$ctx.pid"],
        &["oldname", "newname"],
    ),
    ("syscall_exit_rename", &["ret"], &["$ctx.procname"]),
    (
        "syscall_entry_linkat",
        &["olddfd", "newdfd", "flags"],
        &["oldname", "newname", "$ctx.procname"],
    ),
    (
        "syscall_entry_sendto",
        &["fd", "len", "family", "dport"],
        &[],
    ),
    ("syscall_exit_sendto", &["ret"], &[]),
    (
        "syscall_exit_pipe2",
        &["fildes[0]", "fildes[1]", "ret"],
        &[],
    ),
    ("syscall_entry_readlink", &["bufsiz"], &["path"]),
];

const CALLS: [&str; 6] = ["lseek", "rename", "linkat", "sendto", "pipe2", "readlink"];

/// Rounds of new filters, and calls of each kind in one.
const ROUNDS: usize = 22;
const REPEATS: usize = 64;

/// A filter on some of these.
fn filter(random: &mut Random, (numbers, texts): (&[&str], &[&str]), depth: u32) -> String {
    if depth > 0 && random.below(3) > 0 {
        let logic = random.one_of(&["||", "&&"]);
        let not = random.one_of(&["", "", "!"]);
        let left = filter(random, (numbers, texts), depth - 1);
        let right = filter(random, (numbers, texts), depth - 1);
        return format!("{not}({left} {logic} {right})");
    }
    if !texts.is_empty() && random.below(2) == 0 {
        let (text, is) = (random.one_of(texts), random.one_of(&["==", "!="]));
        return match random.below(5) {
            0 => format!("{text} {is} {}", random.one_of(texts)),
            _ => format!("{text} {is} \"{}\"", pattern(random)),
        };
    }
    let comparison = random.one_of(&["<", "<=", ">", ">=", "==", "!="]);
    let constant = match random.below(4) {
        0 => -1 - random.below(30) as i64,
        1 => random.below(300) as i64,
        _ => random.one_of(&OFFSETS),
    };
    let number = random.one_of(numbers);
    match random.below(4) {
        0 => format!("({number} & 3) {comparison} {}", constant & 7),
        1 => format!(
            "{number} / {} {comparison} {constant}",
            random.one_of(numbers)
        ),
        2 => format!("{number} * 2 {comparison} {}", random.one_of(numbers)),
        _ => format!("{number} {comparison} {constant}"),
    }
}

fn start(filters: Vec<EventFilter>, of: u32) -> SyscallRecording {
    let track = Track {
        processes: vec![of],
        ..Track::default()
    };
    let config = SyscallConfig {
        patterns: CALLS.map(str::to_owned).to_vec(),
        filters,
        options: SyscallOptions::default(),
        stacks: Stacks::default(),
        ring_bytes_per_cpu: 4 << 20,
        track: Some(track),
        untrack: None,
        clock: TraceClock::choose(&tracefs()).unwrap(),
    };
    let mut recording = SyscallRecording::start(&tracefs(), &config).unwrap();
    recording.resume().unwrap();
    recording
}

/// What a recording has, by the names of events, in the order of time; nothing is lost.
fn end(mut recording: SyscallRecording) -> Vec<(SyscallEvent, DecodedEvent)> {
    recording.stop().unwrap();
    let events = recording.events().to_vec();
    let payloads: Vec<_> = events.iter().map(|event| &event.payload).collect();
    let mut all = Vec::new();
    let mut take = |packet: &thalweg_kernel::KernelPacket<'_>| {
        assert_eq!(packet.lost_total, 0);
        all.extend(decode_calls(packet, &payloads));
        Ok::<(), Infallible>(())
    };
    recording.drain_all(&mut take).unwrap();
    assert_eq!(recording.produced().unwrap(), all.len() as u64, "counted");
    all.sort_by_key(|event| event.at);
    let named = |event: DecodedEvent| (events[event.event].clone(), event);
    all.into_iter().map(named).collect()
}

/// Whether the filter passes an event, by its fields in the trace.
fn passes(filter: &Filter, class: &SyscallEvent, event: &DecodedEvent) -> bool {
    let bytecode = filter.compile().unwrap();
    let lookup = |name: &[u8], _: Option<u32>| {
        let mut members = class.payload.members.iter();
        let at = members.position(|member| member.name.as_bytes() == name)?;
        Some(at as u16)
    };
    let mut words = vec![0; 4096];
    let len = link(bytecode.as_bytes(), lookup, &mut words).unwrap();
    evaluate(&words[..len], event)
}

/// Another process, which makes the calls that it is told to, a line each.
struct Caller(Child);

/// What it does with a line.
const CALLER: &str = "
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
f = os.open('/dev/zero', os.O_RDONLY)
for line in sys.stdin:
    at, port, size, old, new = line.rstrip('\\n').split('\\t')
    for call in (
        lambda: os.lseek(f, int(at), 0),
        lambda: os.rename('/nowhere/' + old, new),
        lambda: os.link('/nowhere/' + new, old),
        lambda: s.sendto(bytes(int(size)), ('127.0.0.1', int(port))),
        lambda: [os.close(end) for end in os.pipe()],
        lambda: os.readlink(old if len(old) % 2 else '/proc/self/exe'),
    ):
        try: call()
        except OSError: pass
    print(flush=True)
";

impl Caller {
    fn start() -> Self {
        let mut python = Command::new("python3");
        python.args(["-c", CALLER]);
        python.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(python.spawn().expect("there is python3"))
    }

    /// Makes calls of all kinds, with arguments by chance.
    fn call(&mut self, random: &mut Random) {
        let (old, new) = (random.one_of(&NAMES), random.one_of(&NAMES));
        let long = "x".repeat(random.one_of(&[0, 0, 0, 480]));
        let (port, size) = (random.one_of(&[1, 9, 255, 4096]), random.below(30));
        let at = random.one_of(&OFFSETS);
        let line = format!("{at}\t{port}\t{size}\t{old}{long}\t{new}\n");
        let stdin = self.0.stdin.as_mut().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
        let stdout = self.0.stdout.as_mut().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ten_thousand_pairs_of_filter_and_call_agree_with_the_evaluator() {
    let mut random = Random(42);
    let mut caller = Caller::start();
    caller.call(&mut random);
    let (mut pairs, mut passed) = (0, 0);
    for _ in 0..ROUNDS {
        let texts = EVENTS.map(|(event, numbers, texts)| {
            format!("{event}: {}", filter(&mut random, (numbers, texts), 2))
        });
        let filters: Vec<EventFilter> = texts.iter().map(|text| parse(text)).collect();
        let of = caller.0.id();
        let (all, some) = (start(Vec::new(), of), start(filters.clone(), of));
        for _ in 0..REPEATS {
            caller.call(&mut random);
        }
        let (some, all) = (end(some), end(all));
        let named = |name: &str, filter: &EventFilter| {
            filter.patterns.as_ref().is_some_and(|all| all[0] == name)
        };
        let mut expected = Vec::new();
        for (class, event) in &all {
            let filter = filters.iter().find(|filter| named(&class.name, filter));
            let Some(filter) = filter else {
                expected.push((class.name.clone(), event.values.clone()));
                continue;
            };
            pairs += 1;
            if passes(&filter.filter, class, event) {
                passed += 1;
                expected.push((class.name.clone(), event.values.clone()));
            }
        }
        let some = some
            .into_iter()
            .map(|(class, event)| (class.name, event.values));
        let some: Vec<_> = some.collect();
        let first = some.iter().zip(&expected).find(|(some, all)| some != all);
        assert_eq!(first, None, "{texts:#?}");
        assert_eq!(some.len(), expected.len(), "{texts:#?}");
    }
    println!("{pairs} pairs, {passed} passed");
    assert!(
        pairs > 10_000 && passed > 2000 && passed < pairs - 2000,
        "{pairs} {passed}"
    );
}

fn parse(text: &str) -> EventFilter {
    let (pattern, filter) = text.split_once(": ").unwrap();
    EventFilter {
        patterns: Some(vec![pattern.to_owned()]),
        filter: filter
            .parse()
            .unwrap_or_else(|why| panic!("{filter}: {why}")),
        text: text.to_owned(),
        is_used_elsewhere: false,
    }
}
