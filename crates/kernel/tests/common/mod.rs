//! What the live tests share: a workload of known length, and a sink that reads records back.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod decoded;
pub(crate) mod filters;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use thalweg_kernel::{EventRule, KernelConfig, KernelPacket, Tracefs};

/// The tracefs of this machine; the tests of this crate need it. Their instances have names of
/// their own, so that a recorder that looks for dead ones meanwhile leaves them alone.
pub(crate) fn tracefs() -> Tracefs {
    thalweg_testkit::sweep();
    let tracefs = Tracefs::find().expect("these tests need tracefs: run them as root");
    tracefs.with_prefix("kernel-test-")
}

/// Settings that record entry and exit of getppid of one thread, with a name for each test. The
/// ring holds 699,000 calls whether or not anyone reads.
pub(crate) fn getppid_of(tid: i32, test: &str) -> KernelConfig {
    let filter = format!("common_pid == {tid}");
    KernelConfig {
        rules: vec![EventRule::new("sys_*_getppid").with_filter(filter)],
        buffer_bytes_per_cpu: 32 << 20,
        ..KernelConfig::new(format!("{test}-{}", std::process::id()))
    }
}

/// A thread that calls getppid as often as it is told, and never else.
pub(crate) struct Caller {
    pub(crate) tid: i32,
    orders: Option<Sender<u64>>,
    done: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Caller {
    pub(crate) fn start() -> Self {
        let (orders, inbox) = channel::<u64>();
        let (outbox, done) = channel();
        let (tell_tid, tid) = channel();
        let thread = thread::spawn(move || {
            tell_tid
                .send(rustix::thread::gettid().as_raw_nonzero().get())
                .unwrap();
            for calls in inbox {
                for _ in 0..calls {
                    let _ = rustix::process::getppid();
                }
                outbox.send(()).unwrap();
            }
        });
        Self {
            tid: tid.recv().unwrap(),
            orders: Some(orders),
            done,
            thread: Some(thread),
        }
    }

    pub(crate) fn begin(&self, calls: u64) {
        self.orders.as_ref().unwrap().send(calls).unwrap();
    }

    pub(crate) fn is_done(&self) -> bool {
        self.done.try_recv().is_ok()
    }

    pub(crate) fn call(&self, calls: u64) {
        self.begin(calls);
        self.done.recv().unwrap();
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

/// One event as it was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) at: u64,
    pub(crate) id: u32,
}

/// Reads compact event records whose payloads have these sizes, as a CTF reader does.
pub(crate) fn walk(packet: &KernelPacket<'_>, payload_bytes: &[usize]) -> Vec<Seen> {
    let (mut rest, mut last, mut seen) = (packet.records, packet.begin.0, Vec::new());
    while !rest.is_empty() {
        let (id, at, head) = if rest[0] & 31 == 31 {
            let id = u32::from_le_bytes(rest[1..5].try_into().unwrap());
            (id, u64::from_le_bytes(rest[5..13].try_into().unwrap()), 13)
        } else {
            let word = u32::from_le_bytes(rest[..4].try_into().unwrap());
            let near = last >> 27 << 27 | u64::from(word >> 5);
            (
                word & 31,
                if near < last { near + (1 << 27) } else { near },
                4,
            )
        };
        assert!(at >= last, "time goes back");
        rest = &rest[head + payload_bytes[id as usize]..];
        last = at;
        seen.push(Seen { at, id });
    }
    assert_eq!(seen.len() as u64, packet.events);
    seen
}

/// Everything that a recording of getppid gave.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) events: BTreeMap<u32, Vec<Seen>>,
    pub(crate) lost: BTreeMap<u32, u64>,
    pub(crate) packets: u64,
    /// The end of the last packet of each CPU.
    ends: BTreeMap<u32, u64>,
}

impl Collected {
    /// Takes a packet, and checks what must hold between a CPU's packets.
    pub(crate) fn take(
        &mut self,
        packet: &KernelPacket<'_>,
        sizes: &[usize],
    ) -> Result<(), Infallible> {
        let seen = walk(packet, sizes);
        if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
            assert_eq!((first.at, last.at), (packet.begin.0, packet.end.0));
        }
        let end = self.ends.insert(packet.cpu, packet.end.0).unwrap_or(0);
        assert!(packet.begin.0 >= end, "packets of a CPU overlap");
        let lost = self.lost.insert(packet.cpu, packet.lost_total).unwrap_or(0);
        assert!(packet.lost_total >= lost, "the loss goes back");
        self.events.entry(packet.cpu).or_default().extend(seen);
        self.packets += 1;
        Ok(())
    }

    pub(crate) fn count(&self, id: u32) -> u64 {
        self.events
            .values()
            .flatten()
            .filter(|seen| seen.id == id)
            .count() as u64
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.values().sum()
    }
}

/// Numbers that are the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
