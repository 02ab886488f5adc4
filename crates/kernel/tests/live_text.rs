//! Times and fields are those that the kernel itself prints of the same ring.
//!
//! The oracle is `per_cpu/cpuN/trace`: the kernel's own reader of its pages, which takes nothing
//! out of them.

mod common;

use std::convert::Infallible;
use std::fs;
use std::time::Duration;

use common::tracefs;
use thalweg_kernel::{EventRule, HeaderKind, KernelConfig, KernelPacket, KernelRecording};

/// `time prev_tid prev_prio next_tid next_prio`, as the kernel prints it.
fn printed(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter(|line| line.contains(": sched_switch: "));
    lines
        .map(|line| {
            let (head, fields) = line.split_once(": sched_switch: ").unwrap();
            let at = head.split_whitespace().last().unwrap();
            let value = |name: &str| {
                let from = fields
                    .find(name)
                    .unwrap_or_else(|| panic!("{name} in {line}"));
                fields[from + name.len()..]
                    .split(' ')
                    .next()
                    .unwrap()
                    .to_owned()
            };
            let [a, b, c, d] = ["prev_pid=", "prev_prio=", "next_pid=", "next_prio="].map(value);
            format!("{at} {a} {b} {c} {d}")
        })
        .collect()
}

/// The same from a packet of compact records: comm, tid, prio, state, comm, tid, prio.
fn read(packet: &KernelPacket<'_>) -> Vec<String> {
    const PAYLOAD: usize = 16 + 4 + 4 + 8 + 16 + 4 + 4;
    let (mut rest, mut last, mut out) = (packet.records, packet.begin.0, Vec::new());
    while !rest.is_empty() {
        let (at, head) = if rest[0] & 31 == 31 {
            (u64::from_le_bytes(rest[5..13].try_into().unwrap()), 13)
        } else {
            let word = u32::from_le_bytes(rest[..4].try_into().unwrap());
            let near = last >> 27 << 27 | u64::from(word >> 5);
            (if near < last { near + (1 << 27) } else { near }, 4)
        };
        let payload = &rest[head..head + PAYLOAD];
        let int = |at: usize| i32::from_le_bytes(payload[at..at + 4].try_into().unwrap());
        let (prev, next) = ((int(16), int(20) + 100), (int(48), int(52) + 100));
        out.push(format!("{at} {} {} {} {}", prev.0, prev.1, next.0, next.1));
        rest = &rest[head + PAYLOAD..];
        last = at;
    }
    out
}

#[test]
fn switches_have_the_times_threads_and_priorities_that_the_kernel_prints() {
    let config = KernelConfig {
        rules: vec![EventRule::new("sched_switch")],
        ..KernelConfig::new(format!("text-{}", std::process::id()))
    };
    let (mut recording, _) = KernelRecording::start(&tracefs(), &config).unwrap();
    recording.set_ids(HeaderKind::Compact, &[0]);
    recording.resume().unwrap();
    // Short and long distances: the second has time extends and extended headers.
    for pause_ms in [0, 1, 1, 1, 120, 1, 0, 300, 1] {
        std::thread::sleep(Duration::from_millis(pause_ms));
        std::thread::yield_now();
    }
    recording.stop().unwrap();
    let folder = tracefs().root().join("instances").join(recording.name());
    let text_of = |cpu: u32| fs::read_to_string(folder.join(format!("per_cpu/cpu{cpu}/trace")));
    let cpus: Vec<u32> = recording.cpus().collect();
    let want: Vec<Vec<String>> = cpus
        .iter()
        .map(|&cpu| printed(&text_of(cpu).unwrap()))
        .collect();
    let mut found = vec![Vec::new(); cpus.len()];
    let place = |cpu: u32| cpus.iter().position(|&other| other == cpu).unwrap();
    let drained = recording.drain_all(&mut |packet| {
        found[place(packet.cpu)].extend(read(packet));
        Ok::<(), Infallible>(())
    });
    drained.unwrap();
    recording.remove().unwrap();
    assert!(want.iter().map(Vec::len).sum::<usize>() > 10, "{want:?}");
    assert_eq!(found, want);
}
