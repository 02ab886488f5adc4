//! A packet: its body as padding of the open packet, then the header that makes it real.

use std::io::IoSlice;

use thalweg_ctf::write::{IndexEntry, PacketHeader};

use super::file::{PacketHead, StreamFile, Target};
use crate::sink::SinkError;
use crate::sink::blank::{PADDING, PAGE};
use crate::sink::disk::Disk;

impl<F> StreamFile<F> {
    /// Puts a packet into the file: whole, or not at all.
    pub(in crate::sink) fn commit<D: Disk<File = F>>(
        &mut self,
        to: &mut Target<'_, D>,
        head: &PacketHead<'_>,
        records: &[u8],
    ) -> Result<IndexEntry, SinkError> {
        let content = self.header_len() + records.len() as u64;
        let size = content.next_multiple_of(PAGE);
        self.reserve(to, size + PAGE)?;
        let packet = self.packet_header(head, content, size);
        let next = self.header_after(&packet);
        self.write_body(to.disk, &packet, records, &next, head.context)?;
        self.write_header(to.disk, &packet, head.context)?;
        let entry = IndexEntry {
            offset_bytes: self.open_at,
            packet,
        };
        self.advance(&packet, next, head.context);
        Ok(entry)
    }

    fn packet_header(&self, head: &PacketHead<'_>, content: u64, size: u64) -> PacketHeader {
        PacketHeader {
            begin: head.begin,
            end: head.end,
            content_bytes: content,
            packet_bytes: size,
            discarded: head.discarded_total.max(self.open.discarded),
            ..self.open
        }
    }

    /// The open packet behind `packet`, which takes a part of the present one.
    fn header_after(&self, packet: &PacketHeader) -> PacketHeader {
        self.open_behind(packet, self.room() - packet.packet_bytes)
    }

    /// The open packet of so many bytes behind `packet`.
    pub(super) fn open_behind(&self, packet: &PacketHeader, packet_bytes: u64) -> PacketHeader {
        PacketHeader {
            begin: packet.end,
            content_bytes: self.header_len(),
            packet_bytes,
            sequence: packet.sequence + 1,
            ..*packet
        }
    }

    /// The records and, behind them, the next open packet: padding, as long as nobody says more.
    fn write_body<D: Disk<File = F>>(
        &mut self,
        disk: &D,
        packet: &PacketHeader,
        records: &[u8],
        next: &PacketHeader,
        context: &[u8],
    ) -> Result<(), SinkError> {
        let padding = (packet.packet_bytes - packet.content_bytes) as usize;
        let next = next.encode();
        let mut parts = [records, &PADDING[..padding], &next, context].map(IoSlice::new);
        self.write(disk, &mut parts, self.open_at + self.header_len())
    }

    pub(super) fn advance(&mut self, packet: &PacketHeader, next: PacketHeader, context: &[u8]) {
        self.open_at += packet.packet_bytes;
        self.open = next;
        self.last_end = packet.end;
        self.told = packet.discarded;
        self.context.copy_from_slice(context);
    }
}
