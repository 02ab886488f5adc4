//! The default events of this machine's kernel, read back byte by byte through their classes.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Caller, getppid_of, tracefs};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thalweg_kernel::{
    CpuStats, EventRule, HeaderKind, KernelConfig, KernelEvent, KernelPacket, KernelRecording,
};
use thalweg_model::FieldClass;

fn le(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |n, &byte| n << 8 | u64::from(byte))
}

/// Bytes that a field takes; `length` is that of the sequence behind it.
fn size(class: &FieldClass, bytes: &[u8], length: &mut u64) -> usize {
    match class {
        FieldClass::Integer(class) => {
            *length = le(&bytes[..class.size_bits as usize / 8]);
            class.size_bits as usize / 8
        }
        FieldClass::Enum(class) => class.integer.size_bits as usize / 8,
        FieldClass::String(_) => bytes.iter().position(|&b| b == 0).unwrap() + 1,
        FieldClass::Array(class) => class.length as usize * size(&class.element, bytes, length),
        FieldClass::Sequence(class) => {
            let count = *length as usize;
            count * size(&class.element, bytes, &mut 0)
        }
        other => panic!("the kernel's events have no {other:?}"),
    }
}

/// Reads a packet with large headers to its last byte; each event's index is counted.
fn read(packet: &KernelPacket<'_>, events: &[KernelEvent], counts: &mut [u64]) {
    let (mut rest, mut last, mut count) = (packet.records, packet.begin.0, 0);
    while !rest.is_empty() {
        let (id, at, head) = match le(&rest[..2]) {
            0xffff => (le(&rest[2..6]), le(&rest[6..14]), 14),
            id => {
                let at = last >> 32 << 32 | le(&rest[2..6]);
                (id, if at < last { at + (1 << 32) } else { at }, 6)
            }
        };
        assert!(
            at >= last && at <= packet.end.0,
            "times are in order and in the packet"
        );
        rest = &rest[head..];
        let mut length = 0;
        for member in &events[id as usize].payload.members {
            rest = &rest[size(&member.class, rest, &mut length)..];
        }
        counts[id as usize] += 1;
        (last, count) = (at, count + 1);
    }
    assert_eq!((count, last), (packet.events, packet.end.0));
}

/// What a recording gave, by event.
struct Kinds {
    events: Vec<KernelEvent>,
    counts: Vec<u64>,
    lost: BTreeMap<u32, u64>,
}

impl Kinds {
    fn of(recording: &mut KernelRecording) -> Self {
        let events = recording.events().to_vec();
        let ids: Vec<u32> = (0..events.len() as u32).collect();
        recording.set_ids(HeaderKind::Large, &ids);
        Self {
            counts: vec![0; events.len()],
            events,
            lost: BTreeMap::new(),
        }
    }

    fn take(&mut self, packet: &KernelPacket<'_>) -> Result<(), Infallible> {
        read(packet, &self.events, &mut self.counts);
        self.lost.insert(packet.cpu, packet.lost_total);
        Ok(())
    }

    fn count(&self, name: &str) -> u64 {
        let mut counts = self.events.iter().zip(&self.counts);
        counts
            .find(|(event, _)| event.name == name)
            .map_or(0, |(_, &count)| count)
    }
}

/// Records what a shell's processes do.
fn record_a_shell(recording: &mut KernelRecording, kinds: &mut Kinds) {
    let cpus: Vec<u32> = recording.cpus().collect();
    recording.resume().unwrap();
    let script = "for i in 1 2 3 4 5 6 7 8; do ls -R /usr/include | sort | md5sum; done";
    let mut shell = Command::new("sh");
    let mut work = shell
        .args(["-c", script])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while work.try_wait().unwrap().is_none() {
        for &cpu in &cpus {
            recording
                .drain(cpu, &mut |packet| kinds.take(packet))
                .unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    recording.stop().unwrap();
    recording
        .drain_all(&mut |packet| kinds.take(packet))
        .unwrap();
}

const OCCUR: [&str; 7] = [
    "sched_switch",
    "sched_process_exec",
    "syscall_entry_openat",
    "syscall_exit_openat",
    "irq_softirq_entry",
    "task_newtask",
    "x86_exceptions_page_fault_user",
];

#[test]
fn default_events_are_read_back_to_the_last_byte_and_none_is_lost() {
    // Room for the drainer of a debug build that waits for a CPU among other tests.
    let config = KernelConfig {
        buffer_bytes_per_cpu: 64 << 20,
        ..KernelConfig::new(format!("default-{}", std::process::id()))
    };
    let (mut recording, report) = KernelRecording::start(&tracefs(), &config).unwrap();
    assert!(report.enabled > 600, "{report:?}");
    assert_eq!(report.missing, [], "{report:?}");
    let mut kinds = Kinds::of(&mut recording);
    record_a_shell(&mut recording, &mut kinds);
    let stats = recording.stats().unwrap();
    let tallies = recording.tallies();
    recording.remove().unwrap();
    for (cpu, tally) in tallies {
        assert_eq!(
            (tally.foreign, tally.spoilt, tally.known),
            (0, 0, 0),
            "cpu {cpu}"
        );
    }
    let recorded: u64 = kinds.counts.iter().sum();
    let sum = |of: fn(&CpuStats) -> u64| stats.iter().map(|(_, stats)| of(stats)).sum::<u64>();
    assert_eq!(recorded, sum(|stats| stats.read_events));
    assert_eq!(recorded, sum(CpuStats::produced));
    assert_eq!(kinds.lost.values().sum::<u64>(), 0);
    for name in OCCUR {
        assert!(kinds.count(name) > 0, "{name} did not occur");
    }
    println!(
        "{recorded} events, of {} kinds",
        kinds.counts.iter().filter(|&&n| n > 0).count()
    );
}

#[test]
fn a_ring_that_fills_wakes_who_waits() {
    let caller = Caller::start();
    let config = KernelConfig {
        buffer_bytes_per_cpu: 1 << 20,
        ..getppid_of(caller.tid, "wake")
    };
    let (mut recording, _) = KernelRecording::start(&tracefs(), &config).unwrap();
    recording.resume().unwrap();
    let cpus: Vec<u32> = recording.cpus().collect();
    let ready = |recording: &KernelRecording, ms: i64| {
        let fds: Vec<_> = cpus
            .iter()
            .map(|&cpu| recording.as_fd(cpu).unwrap())
            .collect();
        let mut fds: Vec<PollFd<'_>> = fds
            .iter()
            .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
            .collect();
        poll(
            &mut fds,
            Some(&Timespec {
                tv_sec: 0,
                tv_nsec: ms * 1_000_000,
            }),
        )
        .unwrap()
            > 0
    };
    assert!(!ready(&recording, 20), "nothing is there yet");
    // About 10 MiB of events, more than all rings hold.
    caller.call(250_000);
    assert!(ready(&recording, 500), "a full ring");
    let mut taken = 0;
    for &cpu in &cpus {
        let sink = &mut |packet: &KernelPacket<'_>| {
            taken += packet.events;
            Ok::<(), Infallible>(())
        };
        recording.drain(cpu, sink).unwrap();
    }
    assert!(taken > 0);
    assert!(!ready(&recording, 20), "it was drained");
    caller.call(250_000);
    assert!(ready(&recording, 500), "it is full again");
    recording.remove().unwrap();
}

#[test]
fn a_sink_that_refuses_gets_the_same_events_again() {
    let caller = Caller::start();
    let config = getppid_of(caller.tid, "refuse");
    let (mut recording, _) = KernelRecording::start(&tracefs(), &config).unwrap();
    recording.resume().unwrap();
    caller.call(20_000);
    recording.stop().unwrap();
    let (mut taken, mut refused) = (0, 0_u64);
    loop {
        let mut asked = 0;
        let drained = recording.drain_all(&mut |packet| {
            asked += 1;
            if asked % 2 == 0 {
                return Err("disk full");
            }
            taken += packet.events;
            Ok(())
        });
        match drained {
            Ok(()) => break,
            Err(error) => assert_eq!(error.to_string(), "disk full"),
        }
        refused += 1;
    }
    recording.remove().unwrap();
    assert!(refused > 0, "the ring held one page only");
    assert_eq!(taken, 40_000);
}

#[test]
fn a_start_that_fails_leaves_no_instance_behind() {
    let id = format!("fails-{}", std::process::id());
    let with = |rule: EventRule| KernelConfig {
        rules: vec![rule],
        ..KernelConfig::new(&*id)
    };
    let error = KernelRecording::start(&tracefs(), &with(EventRule::new("sched_swich")));
    let text = error.unwrap_err().to_string();
    assert!(
        text.starts_with("find a kernel event called `sched_swich`; did you mean sched_switch"),
        "{text}"
    );
    let rule = EventRule::new("sched_switch").with_filter("no_such_field == 1");
    let text = KernelRecording::start(&tracefs(), &with(rule))
        .unwrap_err()
        .to_string();
    assert!(
        text.starts_with("set the filter `no_such_field == 1` on sched:sched_switch: "),
        "{text}"
    );
    assert!(text.contains("Field not found"), "{text}");
    let found = KernelRecording::list_instances(&tracefs()).unwrap();
    assert!(found.iter().all(|instance| instance.id != id), "{found:?}");
}
