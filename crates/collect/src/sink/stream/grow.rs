//! Growing: blank pages behind the open packet, then one number that makes them part of it.

use std::io::IoSlice;

use thalweg_ctf::write::PacketHeader;

use super::file::{StreamFile, Target};
use crate::sink::SinkError;
use crate::sink::blank::{PAGE, growth_pages, needed_pages};
use crate::sink::disk::{Disk, write_all};

impl<F> StreamFile<F> {
    /// Makes a new file's open packet so long, and not longer.
    pub(in crate::sink) fn begin<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        bytes: u64,
    ) -> Result<(), SinkError> {
        self.grows_by_need = true;
        let outcome = self.reserve(to, bytes);
        self.grows_by_need = false;
        outcome
    }

    /// Makes the open packet at least `bytes` long.
    pub(in crate::sink) fn reserve<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        bytes: u64,
    ) -> Result<(), SinkError> {
        self.merge(to.disk)?;
        while self.room() < bytes {
            self.grow(to, bytes - self.room())?;
            self.merge(to.disk)?;
        }
        Ok(())
    }

    /// Appends blank pages, for `missing` bytes or more at once: all, or what there was room for.
    fn grow<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        missing: u64,
    ) -> Result<(), SinkError> {
        self.set_direct(to.disk, false);
        let begins_open = self.room() == 0;
        let first = self.blank_header(if begins_open { 0 } else { 1 });
        let count = match self.grows_by_need {
            true => needed_pages(missing),
            false => growth_pages(self.len),
        };
        let pages = to.blank.fill(first, &self.context, count);
        let outcome = write_all(to.disk, &self.file, &mut [IoSlice::new(pages)], self.len);
        let written = outcome
            .as_ref()
            .map_or_else(|(done, _)| *done, |()| pages.len() as u64);
        self.keep_whole_pages(to.disk, written)?;
        if begins_open && self.room() > 0 {
            self.open.packet_bytes = PAGE;
        }
        match outcome {
            Err((_, error)) if written < PAGE => Err(self.error(error)),
            _ => Ok(()),
        }
    }

    fn keep_whole_pages<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        written: u64,
    ) -> Result<(), SinkError> {
        self.len += written - written % PAGE;
        if written.is_multiple_of(PAGE) {
            return Ok(());
        }
        disk.truncate(&self.file, self.len)
            .map_err(|e| SinkError::io("cut", &self.path, e))
    }

    /// A blank packet `after` so many from the open one.
    fn blank_header(&self, after: u64) -> PacketHeader {
        PacketHeader {
            begin: self.open.end,
            sequence: self.open.sequence + after,
            ..self.open
        }
    }

    /// Makes the open packet cover the blank pages behind it.
    fn merge<D: Disk<File = F>>(&mut self, disk: &D) -> Result<(), SinkError> {
        let covers = PacketHeader {
            packet_bytes: self.room(),
            ..self.open
        };
        if covers.packet_bytes == self.open.packet_bytes || self.room() == 0 {
            return Ok(());
        }
        let at = PacketHeader::PACKET_SIZE_AT;
        let size = &covers.encode()[at..at + 8];
        self.write(disk, &mut [IoSlice::new(size)], self.open_at + at as u64)?;
        self.open = covers;
        Ok(())
    }
}
