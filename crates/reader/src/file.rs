//! A file of a stream, packet by packet.

use std::path::PathBuf;

use thalweg_ctf::read::{Cursor, Decoder, Halt, PacketHead, Window as Part};
use thalweg_model::Value;

use crate::error::Error;
use crate::trace::Trace;
use crate::window::{Source, Window};

/// A file and the head of its next packet.
#[derive(Debug)]
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

    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            path: &self.path,
            size_bytes: self.size_bytes,
        }
    }

    fn available_bits(&self) -> u64 {
        self.size_bytes.saturating_sub(self.at).saturating_mul(8)
    }

    /// Reads the head of the current packet, if there is one. After an error there is none.
    pub(crate) fn read_head(&mut self, trace: &Trace, window: &mut Window) -> Result<(), Error> {
        self.head = None;
        if self.at < self.size_bytes {
            self.head = Some(self.enter(trace, &mut Cursor::default(), window)?);
        }
        Ok(())
    }

    /// Puts the cursor at the first event of the current packet.
    pub(crate) fn enter(
        &self,
        trace: &Trace,
        cursor: &mut Cursor,
        window: &mut Window,
    ) -> Result<PacketHead, Error> {
        loop {
            let part = window.of_packet(self.at);
            match trace
                .decoder()
                .begin_packet(cursor, part, self.available_bits())
            {
                Ok((head, _)) => return Ok(head),
                Err(Halt::NeedMore) => window.slide(self.source(), self.at)?,
                Err(Halt::Broken(error)) => {
                    return Err(Error::in_packet(&self.path, self.at, *error));
                }
            }
        }
    }

    /// The current packet's context, if the window still shows it.
    pub(crate) fn context<'a>(&self, decoder: &Decoder, part: Part<'a>) -> Option<Value<'a>> {
        decoder
            .begin_packet(&mut Cursor::default(), part, self.available_bits())
            .ok()?
            .1
    }

    /// Goes on behind the packet with this head.
    pub(crate) fn pass(&mut self, head: &PacketHead) {
        let size = head.size_bits().map_or(u64::MAX, |bits| bits / 8);
        self.at = self.at.saturating_add(size).min(self.size_bytes);
    }
}
