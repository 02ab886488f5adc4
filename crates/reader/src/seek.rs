//! Where a stream's first packet is that matters: what is before it is not read.
//!
//! ```text
//!   index file ── right: sizes, times, and the head of the packet it leads to ──▶ that packet
//!       └─ not there, or wrong (with a word) ──▶ from head to head
//! ```

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use thalweg_ctf::read::{Cursor, IndexEntry, PacketHead, parse_index};

use crate::error::{Error, Kind};
use crate::file::StreamFile;
use crate::time::TimeScale;
use crate::trace::Trace;
use crate::window::Window;

/// More than any index of a file that people have: ten million packets.
const MAX_INDEX_BYTES: u64 = 1 << 30;

/// A file that is moved forward.
pub(crate) struct Seek<'s> {
    pub(crate) trace: &'s Trace,
    pub(crate) scale: TimeScale,
    pub(crate) begin_ns: i64,
    pub(crate) window: Window,
    pub(crate) cursor: Cursor,
    /// What is said about indexes that are wrong.
    pub(crate) warnings: &'s mut Vec<Error>,
}

impl Seek<'_> {
    /// Moves the file to its first packet that does not end before the begin: its head is read. Gives
    /// the head of the packet before, if there is one.
    pub(crate) fn forward(&mut self, file: &mut StreamFile) -> Result<Option<PacketHead>, Error> {
        let head = file.head;
        match self.by_index(file) {
            Ok(Some(before)) => return Ok(before),
            Ok(None) => {}
            Err(wrong) => self.warnings.push(wrong),
        }
        (file.at, file.head) = (0, head);
        self.by_heads(file)
    }

    fn is_before(&self, end: thalweg_model::Timestamp) -> bool {
        self.scale.epoch_ns(end) < self.begin_ns
    }

    /// `None` if there is no index.
    fn by_index(&mut self, file: &mut StreamFile) -> Result<Option<Option<PacketHead>>, Error> {
        let Some(path) = index_path(file).filter(|path| path.is_file()) else {
            return Ok(None);
        };
        let wrong = |kind: Kind| Error::new(&path, kind);
        let entries = read(&path)
            .map_err(|error| wrong(error.into()))
            .and_then(|bytes| parse_index(&bytes).map_err(|error| wrong(error.into())))?;
        if entries.last().map(IndexEntry::end_bytes) != Some(file.size_bytes()) {
            return Err(wrong(Kind::IndexSize));
        }
        let first = entries.partition_point(|entry| self.is_before(entry.end));
        file.at = entries
            .get(first)
            .map_or(file.size_bytes(), |e| e.offset_bytes);
        file.enter(self.trace, &mut self.cursor, &mut self.window)?;
        match (entries.get(first), file.head) {
            (Some(entry), head) if !head.is_some_and(|head| agrees(entry, &head)) => {
                Err(wrong(Kind::IndexPacket { at_bytes: file.at }))
            }
            _ => Ok(Some(
                first
                    .checked_sub(1)
                    .map(|before| of_entry(&entries[before])),
            )),
        }
    }

    fn by_heads(&mut self, file: &mut StreamFile) -> Result<Option<PacketHead>, Error> {
        let mut before = None;
        while let Some(head) = file.head {
            let is_before = head.end.is_some_and(|end| self.is_before(end));
            if !is_before || head.size_bits().is_none() {
                break;
            }
            before = Some(head);
            file.pass(&head);
            file.enter(self.trace, &mut self.cursor, &mut self.window)?;
        }
        Ok(before)
    }
}

fn index_path(file: &StreamFile) -> Option<PathBuf> {
    let name = file.path.file_name()?;
    let mut path = file
        .path
        .parent()?
        .join("index")
        .join(name)
        .into_os_string();
    path.push(".idx");
    Some(path.into())
}

fn read(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    file.take(MAX_INDEX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn agrees(entry: &IndexEntry, head: &PacketHead) -> bool {
    (head.begin, head.end) == (Some(entry.begin), Some(entry.end))
        && head.size_bits() == Some(entry.packet_bits)
}

/// What the next packet's losses are counted from.
fn of_entry(entry: &IndexEntry) -> PacketHead {
    PacketHead {
        begin: Some(entry.begin),
        end: Some(entry.end),
        sequence: entry.sequence,
        events_discarded: Some(entry.events_discarded),
        ..PacketHead::default()
    }
}
