//! Standard output, 64 KiB at a time.

use std::io::{self, Write};

/// How much is written at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes that are not written yet.
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(2 * CHUNK_BYTES),
        }
    }

    #[inline]
    pub(super) fn flush_if_full(&mut self) -> io::Result<()> {
        if self.bytes.len() < CHUNK_BYTES {
            Ok(())
        } else {
            self.flush()
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.bytes)?;
        self.bytes.clear();
        stdout.flush()
    }
}
