//! What a flight recorder has taken out of the kernel's rings: the newest packets, in memory.
//!
//! ```text
//!   tracefs ring (overwrites) ──a snapshot, the end──▶ ┐  per cpu, as many bytes as its ring
//!   ring of system calls ─────────all the while──────▶ ┴─▶ | oldest … newest | ──▶ a trace, any number
//!                                                            ▼ more than that: counted   of times
//! ```
//!
//! Invariant: what is kept of a cpu has no gap in it. Where the kernel has overwritten events, what is
//! older than these goes, too.

use std::collections::{BTreeMap, VecDeque};

use thalweg_kernel::{KernelPacket, Part};
use thalweg_model::Timestamp;

use crate::kernel_disk::{KernelDisk, Origin};

/// What a packet takes besides its records.
const PACKET_BYTES: usize = 64;
/// So many are written at once at most.
const TOGETHER: usize = 128;

/// The packets of all cpus.
#[derive(Debug)]
pub(crate) struct Keep {
    /// For each cpu and origin.
    limit_bytes: usize,
    streams: BTreeMap<(Origin, u32), Kept>,
}

/// The packets of a cpu.
#[derive(Debug, Default)]
struct Kept {
    packets: VecDeque<Packet>,
    bytes: usize,
    /// Events that are kept no more.
    evicted: u64,
    /// What the rings have lost, up to now.
    lost_total: u64,
}

#[derive(Debug)]
struct Packet {
    part: Part,
    lost_total: u64,
    records: Box<[u8]>,
}

impl Keep {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        let streams = BTreeMap::new();
        Self {
            limit_bytes,
            streams,
        }
    }

    /// Keeps a packet in the place of the oldest.
    pub(crate) fn put(&mut self, origin: Origin, packet: &KernelPacket<'_>) {
        let kept = self.streams.entry((origin, packet.cpu)).or_default();
        kept.lost_total = packet.lost_total;
        if packet.follows_loss {
            kept.evict_to(0);
        }
        let whole = [packet.whole()];
        let parts = match packet.parts {
            [] if packet.events == 0 => return,
            [] => &whole,
            parts => parts,
        };
        let mut records = packet.records;
        for part in parts {
            let (of_part, rest) = records.split_at(part.bytes);
            kept.push(self.limit_bytes, part, of_part, packet.lost_total);
            records = rest;
        }
    }

    /// Writes all that is kept, which stays.
    pub(crate) fn write_to(&self, disk: &mut KernelDisk) {
        for (&(origin, cpu), kept) in &self.streams {
            disk.miss(origin, cpu, kept.evicted);
            let packets: Vec<&Packet> = kept.packets.iter().collect();
            for alike in packets.chunk_by(|a, b| a.lost_total == b.lost_total) {
                for together in alike.chunks(TOGETHER) {
                    write_together(disk, (origin, cpu), together);
                }
            }
            disk.lose(origin, cpu, kept.lost_total);
        }
    }
}

/// Writes packets as the parts of one.
fn write_together(disk: &mut KernelDisk, (origin, cpu): (Origin, u32), packets: &[&Packet]) {
    let (Some(first), Some(last)) = (packets.first(), packets.last()) else {
        return;
    };
    let records = packets.iter().map(|packet| &*packet.records);
    let parts: Vec<Part> = packets.iter().map(|packet| packet.part).collect();
    let packet = KernelPacket {
        cpu,
        begin: Timestamp(first.part.begin),
        end: Timestamp(last.part.end),
        lost_total: first.lost_total,
        follows_loss: false,
        records: &records.collect::<Vec<_>>().concat(),
        events: parts.iter().map(|part| part.events).sum(),
        parts: &parts,
    };
    disk.take(origin, &packet);
}

impl Kept {
    fn push(&mut self, limit_bytes: usize, part: &Part, records: &[u8], lost_total: u64) {
        let bytes = records.len() + PACKET_BYTES;
        self.evict_to(limit_bytes.saturating_sub(bytes));
        self.bytes += bytes;
        self.packets.push_back(Packet {
            part: *part,
            lost_total,
            records: records.into(),
        });
    }

    /// Forgets the oldest until no more than so many bytes are left.
    fn evict_to(&mut self, bytes: usize) {
        while self.bytes > bytes {
            let Some(oldest) = self.packets.pop_front() else {
                return;
            };
            self.bytes -= oldest.records.len() + PACKET_BYTES;
            self.evicted += oldest.part.events;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(at: u64, records: &[u8]) -> KernelPacket<'_> {
        KernelPacket {
            cpu: 0,
            begin: Timestamp(at),
            end: Timestamp(at),
            lost_total: 0,
            follows_loss: false,
            records,
            events: records.len() as u64,
            parts: &[],
        }
    }

    #[track_caller]
    fn check(keep: &Keep, begins: &[u64], evicted: u64) {
        let kept = &keep.streams[&(Origin::Tracefs, 0)];
        let found: Vec<u64> = kept
            .packets
            .iter()
            .map(|packet| packet.part.begin)
            .collect();
        assert_eq!((found.as_slice(), kept.evicted), (begins, evicted));
    }

    #[test]
    fn the_newest_packets_are_kept_and_the_events_of_the_others_counted() {
        let mut keep = Keep::new(3 * (PACKET_BYTES + 10));
        for at in 0..5 {
            keep.put(Origin::Tracefs, &packet(at, &[0; 10]));
        }
        check(&keep, &[2, 3, 4], 20);
        keep.put(Origin::Tracefs, &packet(5, &[0; 20]));
        check(&keep, &[4, 5], 40);
    }

    #[test]
    fn what_is_older_than_a_loss_is_kept_no_more() {
        let mut keep = Keep::new(1 << 20);
        keep.put(Origin::Tracefs, &packet(1, &[0; 10]));
        let behind = KernelPacket {
            follows_loss: true,
            lost_total: 7,
            ..packet(9, &[0; 10])
        };
        keep.put(Origin::Tracefs, &behind);
        check(&keep, &[9], 10);
    }
}
