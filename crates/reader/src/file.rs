//! A file of a stream, packet by packet.

use std::path::PathBuf;

use thalweg_ctf::read::{Cursor, Halt, PacketHead};

use crate::error::Error;
use crate::trace::Trace;
use crate::window::{Source, Window};

/// A file and the head of its next packet.
#[derive(Clone, Debug)]
pub(crate) struct StreamFile {
    /// The index of its trace.
    pub(crate) trace: usize,
    pub(crate) path: PathBuf,
    size_bytes: u64,
    /// Where the current packet begins.
    pub(crate) at: u64,
    /// The current packet's head: `None` after the last packet.
    pub(crate) head: Option<PacketHead>,
}

impl StreamFile {
    pub(crate) fn new(trace: usize, path: PathBuf, size_bytes: u64) -> Self {
        Self {
            trace,
            path,
            size_bytes,
            at: 0,
            head: None,
        }
    }

    pub(crate) const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            path: &self.path,
            size_bytes: self.size_bytes,
        }
    }

    fn available_bits(&self) -> u64 {
        self.size_bytes.saturating_sub(self.at).saturating_mul(8)
    }

    /// Reads the head of the current packet, if there is one, and puts the cursor at its first event.
    /// After an error there is no packet.
    pub(crate) fn enter(
        &mut self,
        trace: &Trace,
        cursor: &mut Cursor,
        window: &mut Window,
    ) -> Result<(), Error> {
        self.head = None;
        while self.at < self.size_bytes {
            let (decoder, part) = (trace.decoder(), window.of_packet(self.at));
            match decoder.begin_packet(cursor, part, self.available_bits()) {
                Ok(head) => {
                    self.head = Some(head);
                    break;
                }
                Err(Halt::NeedMore) => window.slide(self.source(), self.at)?,
                Err(Halt::Broken(error)) => {
                    return Err(Error::in_packet(&self.path, self.at, *error));
                }
            }
        }
        Ok(())
    }

    /// Goes on behind the packet with this head.
    pub(crate) fn pass(&mut self, head: &PacketHead) {
        let size = head.size_bits().map_or(u64::MAX, |bits| bits / 8);
        self.at = self.at.saturating_add(size).min(self.size_bytes);
    }
}
