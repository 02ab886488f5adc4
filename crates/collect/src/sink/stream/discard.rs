//! Counts of discarded events, and the end of a stream that may owe one.

use thalweg_ctf::write::{IndexEntry, PacketHeader};
use thalweg_model::Timestamp;

use super::file::{PacketHead, StreamFile, Target};
use crate::sink::SinkError;
use crate::sink::blank::PAGE;
use crate::sink::disk::Disk;

impl<F> StreamFile<F> {
    /// Makes sure that a count of discarded events has an earlier packet to differ from: of the
    /// first packet's count readers say no more than that it is not zero.
    pub(in crate::sink) fn begin_count<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        discarded: u64,
    ) -> Result<Option<IndexEntry>, SinkError> {
        if self.open_at > 0 || discarded == 0 {
            return Ok(None);
        }
        self.commit_empty(to).map(Some)
    }

    /// Makes a packet of the open one.
    fn commit_empty<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
    ) -> Result<IndexEntry, SinkError> {
        let context = self.context.clone();
        let head = PacketHead {
            begin: self.last_end,
            end: self.open.end,
            discarded_total: self.open.discarded,
            context: &context,
        };
        self.commit(to, &head, &[])
    }

    /// Tells of discarded events in the open packet, where a reader sees them at once.
    pub(in crate::sink) fn note_discarded<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        total: u64,
        at: Timestamp,
    ) -> Result<(), SinkError> {
        if total <= self.open.discarded {
            return Ok(());
        }
        let end = at.max(self.open.end);
        let open = PacketHeader {
            begin: self.last_end,
            end,
            discarded: total,
            ..self.open
        };
        let context = self.context.clone();
        self.write_header(disk, &open, &context)?;
        self.open = open;
        Ok(())
    }

    /// Whether the open packet tells what no real one does.
    fn owes_count(&self) -> bool {
        self.open.discarded != self.told
    }

    /// Cuts the open packet away, unless it has something to tell: then it stays, as one page.
    pub(in crate::sink) fn finish<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
    ) -> Result<Option<IndexEntry>, SinkError> {
        let last = match self.owes_count() {
            true if self.room() == PAGE => Some(self.keep_open_page()),
            true => Some(self.commit_empty(to)?),
            false => None,
        };
        if self.room() > 0 {
            to.disk
                .truncate(&self.file, self.open_at)
                .map_err(|e| SinkError::io("cut", &self.path, e))?;
            self.len = self.open_at;
        }
        Ok(last)
    }

    fn keep_open_page(&mut self) -> IndexEntry {
        let entry = IndexEntry {
            offset_bytes: self.open_at,
            packet: self.open,
        };
        self.open_at = self.len;
        self.told = self.open.discarded;
        entry
    }
}
