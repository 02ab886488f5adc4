//! System calls on this machine's kernel: exact counts, and times that lie where tracefs has them.
//!
//! The oracle is `dd` with blocks of one byte: it reads and writes as often as it is told.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use common::tracefs;
use thalweg_kernel::{
    KernelPacket, Stacks, SyscallConfig, SyscallOptions, SyscallRecording, TraceClock,
};

/// Bytes of pid, tid and procname.
const CONTEXT: usize = 24;

/// What was read back.
#[derive(Debug, Default)]
struct Calls {
    /// How many events of each id `dd` has with one byte.
    counts: [u64; 4],
    recorded: u64,
    lost: Vec<u64>,
    last: Vec<u64>,
}

/// Payloads of read and write: entry, exit, entry, exit.
const PAYLOADS: [usize; 4] = [12, 16, 20, 8];

impl Calls {
    fn take(&mut self, packet: &KernelPacket<'_>) -> Result<(), Infallible> {
        let cpu = packet.cpu as usize;
        let room = self.last.len().max(cpu + 1);
        self.last.resize(room, 0);
        self.lost.resize(room, 0);
        assert!(packet.begin.0 >= self.last[cpu] && packet.end.0 >= packet.begin.0);
        assert!(packet.lost_total >= self.lost[cpu]);
        (self.last[cpu], self.lost[cpu]) = (packet.end.0, packet.lost_total);
        self.recorded += packet.events;
        let mut rest = packet.records;
        let mut events = 0;
        while !rest.is_empty() {
            let short = u16::from_le_bytes(rest[..2].try_into().unwrap());
            let (id, head) = match short {
                0xffff => (u32::from_le_bytes(rest[2..6].try_into().unwrap()), 14),
                id => (id.into(), 6),
            };
            let id = id as usize;
            let (event, behind) = rest[head..].split_at(CONTEXT + PAYLOADS[id]);
            let (context, payload) = event.split_at(CONTEXT);
            let is_one_byte = match id {
                0 => payload[4..12] == 1_u64.to_le_bytes(),
                2 => payload[12..20] == 1_u64.to_le_bytes(),
                _ => payload[..8] == 1_u64.to_le_bytes(),
            };
            self.counts[id] += u64::from(&context[8..11] == b"dd\0" && is_one_byte);
            (rest, events) = (behind, events + 1);
        }
        assert_eq!(events, packet.events);
        Ok(())
    }

    fn lost(&self) -> u64 {
        self.lost.iter().sum()
    }
}

/// What a `dd` of one test does, the other one's programs see.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn config(ring_bytes: u32) -> SyscallConfig {
    SyscallConfig {
        patterns: vec!["read".to_owned(), "write".to_owned()],
        filters: Vec::new(),
        options: SyscallOptions::default(),
        stacks: Stacks::default(),
        ring_bytes_per_cpu: ring_bytes,
        clock: TraceClock::choose(&tracefs()).unwrap(),
        track: None,
        untrack: None,
    }
}

/// Records reads and writes while `dd` moves so many blocks; how many events the programs saw.
fn run(blocks: u64, ring_bytes: u32, while_running: bool) -> (Calls, u64) {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut recording = SyscallRecording::start(&tracefs(), &config(ring_bytes)).unwrap();
    let names: Vec<&str> = recording.events().iter().map(|e| e.name.as_str()).collect();
    let expected = ["entry_read", "exit_read", "entry_write", "exit_write"];
    let compat = expected.map(|name| format!("compat_syscall_{name}"));
    assert_eq!(names[..4], expected.map(|name| format!("syscall_{name}")));
    assert_eq!(names[4..], compat);
    let mut calls = Calls::default();
    recording.resume().unwrap();
    let mut dd = Command::new("dd");
    dd.args(["if=/dev/zero", "of=/dev/null", "bs=1", "status=none"]);
    let mut dd = dd.arg(format!("count={blocks}")).spawn().unwrap();
    while dd.try_wait().unwrap().is_none() {
        if while_running {
            recording.drain(&mut |packet| calls.take(packet)).unwrap();
        }
        std::thread::yield_now();
    }
    recording.stop().unwrap();
    recording
        .drain_all(&mut |packet| calls.take(packet))
        .unwrap();
    (calls, recording.produced().unwrap())
}

#[test]
fn every_call_is_recorded_with_its_arguments_and_its_result() {
    let (calls, produced) = run(100_000, 64 << 20, true);
    assert_eq!(calls.lost(), 0);
    assert_eq!(calls.counts, [100_000; 4]);
    assert_eq!(calls.recorded, produced);
}

#[test]
fn what_finds_the_ring_full_is_counted_to_the_event() {
    let begun = Instant::now();
    let (calls, produced) = run(100_000, 64 << 10, false);
    assert!(calls.lost() > 300_000, "{} lost", calls.lost());
    assert_eq!(calls.recorded + calls.lost(), produced);
    assert!(begun.elapsed().as_secs() < 60);
}

/// A `dd` without end, for as long as this lives.
struct Endless(std::process::Child);

impl Endless {
    fn start() -> Self {
        let mut dd = Command::new("dd");
        dd.args(["if=/dev/zero", "of=/dev/null", "bs=1", "status=none"]);
        Self(dd.spawn().unwrap())
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn when_a_recording_has_stopped_nothing_is_in_the_making() {
    let _only = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _callers = [Endless::start(), Endless::start()];
    let mut all = 0;
    for _ in 0..8 {
        let mut recording = SyscallRecording::start(&tracefs(), &config(64 << 20)).unwrap();
        recording.resume().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        recording.stop().unwrap();
        let produced = recording.produced().unwrap();
        let (mut recorded, mut lost) = (0, BTreeMap::new());
        let mut take = |packet: &KernelPacket<'_>| -> Result<(), Infallible> {
            recorded += packet.events;
            lost.insert(packet.cpu, packet.lost_total);
            Ok(())
        };
        recording.drain_all(&mut take).unwrap();
        assert_eq!(recorded + lost.values().sum::<u64>(), produced);
        assert_eq!(recording.produced().unwrap(), produced, "after the end");
        all += recorded;
    }
    assert!(all > 8000, "{all}");
}
