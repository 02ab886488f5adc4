//! From packet to packet through a stream file, and what its end means.
//!
//! ```text
//!   | packet | packet | open | blank | blank | torn …
//!                     └──── tail ────────────┘
//! ```
//!
//! Invariant: nothing in the file is believed. A walk ends at the first byte where no packet of
//! this trace can begin, and says where that is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use thalweg_ctf::write::{IndexEntry, PacketHeader};
use thalweg_model::{Timestamp, Uuid};

use super::blank::PAGE;

/// A packet that lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketOnDisk {
    /// Where it begins in its file.
    pub offset_bytes: u64,
    /// LTTng's fixed fields.
    pub header: PacketHeader,
    /// The packet context behind them.
    pub context: Vec<u8>,
}

impl PacketOnDisk {
    /// Whether it has no events.
    pub fn is_empty(&self) -> bool {
        self.header.content_bytes == (PacketHeader::LEN + self.context.len()) as u64
    }

    pub(super) fn entry(&self) -> IndexEntry {
        IndexEntry {
            offset_bytes: self.offset_bytes,
            packet: self.header,
        }
    }
}

/// What a packet of this trace must look like.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) uuid: Uuid,
    /// Of each stream class.
    pub(super) context_lens: Vec<usize>,
}

/// The packets of a file, in their order.
pub(super) struct Walk {
    file: File,
    rules: Rules,
    at: u64,
    end: u64,
    previous: Option<PacketHeader>,
}

impl Walk {
    pub(super) fn open(path: &Path, rules: Rules) -> io::Result<Self> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        Ok(Self {
            file,
            rules,
            at: 0,
            end,
            previous: None,
        })
    }

    /// The same walk, ending before byte `end`.
    pub(super) fn up_to(self, end: u64) -> Self {
        Self {
            end: self.end.min(end),
            ..self
        }
    }

    fn read_packet(&mut self) -> io::Result<Option<PacketOnDisk>> {
        let longest = self.rules.context_lens.iter().max().copied().unwrap_or(0);
        let mut bytes = vec![0; PacketHeader::LEN + longest];
        let read = read_up_to(&self.file, &mut bytes, self.at)?;
        Ok(self.check(&bytes[..read]))
    }

    /// The packet that `bytes` begin with, if it can follow the one before it.
    fn check(&self, bytes: &[u8]) -> Option<PacketOnDisk> {
        let header = PacketHeader::decode(bytes)?;
        let context_len = *self.rules.context_lens.get(header.stream_id as usize)?;
        let content_begin = PacketHeader::LEN + context_len;
        let context = bytes.get(PacketHeader::LEN..content_begin)?.to_vec();
        let sizes = header.content_bytes >= content_begin as u64
            && header.content_bytes <= header.packet_bytes
            && header.packet_bytes.is_multiple_of(PAGE)
            && header.packet_bytes <= self.end - self.at;
        let fits = sizes && header.uuid == self.rules.uuid && header.begin <= header.end;
        let follows = match &self.previous {
            Some(previous) => follows(&header, previous),
            None => header.sequence == 0,
        };
        (fits && follows).then_some(PacketOnDisk {
            offset_bytes: self.at,
            header,
            context,
        })
    }
}

fn follows(header: &PacketHeader, previous: &PacketHeader) -> bool {
    header.stream_id == previous.stream_id
        && header.stream_instance_id == previous.stream_instance_id
        && Some(header.sequence) == previous.sequence.checked_add(1)
        && header.begin >= previous.end
        && header.discarded >= previous.discarded
}

fn read_up_to(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(&mut bytes[done..], at + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

impl Iterator for Walk {
    type Item = io::Result<PacketOnDisk>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let packet = self.read_packet().transpose()?;
        if let Ok(packet) = &packet {
            self.at += packet.header.packet_bytes;
            self.previous = Some(packet.header);
        } else {
            self.end = self.at;
        }
        Some(packet)
    }
}

/// Where a stream goes on.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    /// The open packet's header.
    pub(super) open: PacketHeader,
    /// Its context.
    pub(super) context: Vec<u8>,
    /// Where it begins.
    pub(super) open_at: u64,
    /// Where the last packet ends.
    pub(super) len: u64,
    /// When the last real packet ended.
    pub(super) last_end: Timestamp,
    /// What it said of discarded events.
    pub(super) told: u64,
}

/// More blank pages than one growth are no growth that was cut short.
const MAX_RUN: usize = 512;

/// Tells real packets from the open one: empty packets at the end of a file that say nothing new
/// are one open packet, whose growth was interrupted.
#[derive(Default)]
pub(super) struct TailFinder {
    last: Option<PacketOnDisk>,
    run: Vec<PacketOnDisk>,
}

impl TailFinder {
    /// Takes the next packet; hands back those that are now known to be real.
    pub(super) fn push(&mut self, packet: PacketOnDisk) -> Vec<PacketOnDisk> {
        let same = |first: &PacketOnDisk| first.header.discarded == packet.header.discarded;
        let goes_on =
            packet.is_empty() && self.run.first().is_none_or(same) && self.run.len() < MAX_RUN;
        let mut real = if goes_on {
            Vec::new()
        } else {
            std::mem::take(&mut self.run)
        };
        match packet.is_empty() {
            true => self.run.push(packet),
            false => real.push(packet),
        }
        if let Some(last) = real.last() {
            self.last = Some(last.clone());
        }
        real
    }

    /// The stream's tail; `None` if the file has no packet.
    pub(super) fn finish(self) -> Option<Tail> {
        let len = |packet: &PacketOnDisk| packet.offset_bytes + packet.header.packet_bytes;
        let last = self.last.as_ref();
        let told = last.map_or(0, |last| last.header.discarded);
        if let Some(open) = self.run.first() {
            return Some(Tail {
                open: open.header,
                context: open.context.clone(),
                open_at: open.offset_bytes,
                len: len(self.run.last()?),
                last_end: last.map_or(open.header.begin, |last| last.header.end),
                told,
            });
        }
        let last = last?;
        let header = last.header;
        let content_bytes = (PacketHeader::LEN + last.context.len()) as u64;
        let sequence = header.sequence.checked_add(1)?;
        Some(Tail {
            open: PacketHeader {
                begin: header.end,
                content_bytes,
                packet_bytes: 0,
                sequence,
                ..header
            },
            context: last.context.clone(),
            open_at: len(last),
            len: len(last),
            last_end: header.end,
            told,
        })
    }
}
