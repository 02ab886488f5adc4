//! The end of a trace: nothing left open, nothing left untold.

use thalweg_ctf::write::IndexEntry;

use super::SinkError;
use super::disk::Disk;
use super::index::IndexFile;
use super::stream::{StreamFile, Target};
use super::writer::TraceWriter;

/// What a closed trace holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Its streams, in the order in which they were opened; those without a packet have no file.
    pub streams: Vec<ClosedStream>,
    /// Bytes of all stream files and of the metadata.
    pub bytes: u64,
}

/// What a closed stream holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedStream {
    /// Its file's name.
    pub file_name: String,
    /// Its packets.
    pub packets: u64,
    /// Its events that were discarded, as its last packet says.
    pub discarded: u64,
    /// Whether it has an index.
    pub indexed: bool,
}

/// A stream file and what belongs to it.
pub(super) struct Stream<F> {
    pub(super) name: String,
    pub(super) file: StreamFile<F>,
    pub(super) index: IndexFile,
    pub(super) packets: u64,
}

impl<D: Disk> TraceWriter<D> {
    /// Ends all streams: open packets are cut away, counts that are owed told, indexes made
    /// visible. Each stream is ended, also when one before it fails; the first error is returned.
    pub fn close(mut self) -> Result<Closed, SinkError> {
        let mut outcome = self.flush_metadata();
        let mut closed = Closed::default();
        for stream in &mut self.streams {
            let mut to = Target {
                disk: &self.disk,
                blank: &mut self.blank,
            };
            match stream.close(&mut to) {
                Ok(summary) => closed.streams.push(summary),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        closed.bytes = self.bytes_written();
        outcome.map(|()| closed)
    }
}

impl<F> Stream<F> {
    pub(super) fn log<D: Disk<File = F>>(&mut self, disk: &D, entry: Option<IndexEntry>) {
        if let Some(entry) = entry {
            self.packets += 1;
            self.index.push(disk, &entry);
        }
    }

    fn close<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
    ) -> Result<ClosedStream, SinkError> {
        let last = self.file.finish(to)?;
        self.log(to.disk, last);
        if self.packets == 0 {
            self.index.discard(to.disk);
            let path = self.file.path();
            to.disk
                .remove(path)
                .map_err(|e| SinkError::io("remove", path, e))?;
        }
        Ok(ClosedStream {
            file_name: self.name.clone(),
            packets: self.packets,
            discarded: self.file.discarded(),
            indexed: self.packets > 0 && self.index.publish(to.disk),
        })
    }
}
