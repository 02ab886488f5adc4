//! The index of one stream, hidden until it is complete.
//!
//! Readers that find an index without all of a stream's packets complain, so it is written as
//! `index/.NAME.idx` and renamed when its stream is closed. Nothing depends on it: an index that
//! could not be written is dropped, and readers scan the packets.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use thalweg_ctf::write::{INDEX_ENTRY_LEN, INDEX_HEADER, IndexEntry};

use super::disk::{Disk, write_all};

/// Entries are written so many at a time, that a packet costs no system call for its index.
const BATCH: usize = 1024;

/// A hidden index file that grows.
pub(super) struct IndexFile {
    hidden: PathBuf,
    visible: PathBuf,
    pending: Vec<u8>,
    written: u64,
    dropped: bool,
}

impl IndexFile {
    /// The index of the stream `name`, in the trace folder `dir`.
    pub(super) fn new(dir: &Path, name: &str) -> Self {
        let folder = dir.join("index");
        Self {
            hidden: folder.join(format!(".{name}.idx")),
            visible: folder.join(format!("{name}.idx")),
            pending: INDEX_HEADER.to_vec(),
            written: 0,
            dropped: false,
        }
    }

    /// Adds a packet's entry.
    pub(super) fn push<D: Disk>(&mut self, disk: &D, entry: &IndexEntry) {
        if self.dropped {
            return;
        }
        self.pending.extend(entry.encode());
        if self.pending.len() >= BATCH * INDEX_ENTRY_LEN {
            self.flush(disk);
        }
    }

    fn flush<D: Disk>(&mut self, disk: &D) {
        let opened = match self.written {
            0 => disk.create(&self.hidden),
            _ => disk.open(&self.hidden),
        };
        let outcome = opened.map(|file| {
            write_all(
                disk,
                &file,
                &mut [IoSlice::new(&self.pending)],
                self.written,
            )
        });
        match outcome {
            Ok(Ok(())) => self.written += self.pending.len() as u64,
            _ => self.drop_it(disk),
        }
        self.pending.clear();
    }

    /// An index with a hole would be worse than none.
    fn drop_it<D: Disk>(&mut self, disk: &D) {
        self.dropped = true;
        // Left behind, it is hidden and the next writer of this trace removes it.
        let _ = disk.remove(&self.hidden);
    }

    /// Makes the complete index visible; says whether there is one.
    pub(super) fn publish<D: Disk>(&mut self, disk: &D) -> bool {
        if !self.dropped && !self.pending.is_empty() {
            self.flush(disk);
        }
        if !self.dropped && disk.rename(&self.hidden, &self.visible).is_err() {
            self.drop_it(disk);
        }
        !self.dropped
    }

    /// Forgets what was written for a stream that has no packets.
    pub(super) fn discard<D: Disk>(&mut self, disk: &D) {
        if self.written > 0 {
            self.drop_it(disk);
        }
        self.dropped = true;
    }

    /// Removes what an earlier writer left: it will not fit the stream when that grows.
    pub(super) fn remove_old<D: Disk>(&self, disk: &D) {
        for path in [&self.hidden, &self.visible] {
            let _ = disk.remove(path);
        }
    }
}
