//! Receipts: each worker writes its own file, one line and one write an order.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::event::{Verdict, event};
use crate::order::Order;

/// A worker's book of receipts.
pub(crate) struct Receipts {
    path: PathBuf,
    file: File,
    written: u32,
}

impl Receipts {
    /// An empty book for one worker.
    pub(crate) fn create(folder: &Path, worker: u16) -> io::Result<Self> {
        let path = folder.join(format!("receipts-{worker}.txt"));
        let file = File::create(&path)?;
        Ok(Self {
            path,
            file,
            written: 0,
        })
    }

    /// Writes down one order.
    pub(crate) fn write(&mut self, order: &Order, verdict: Verdict) -> io::Result<()> {
        let line = format!("{} {verdict:?} {}\n", order.id, order.total_cents());
        self.file.write_all(line.as_bytes())?;
        self.written += 1;
        event!("shop:receipt_written", DebugModule, {
            path: &str = &self.path.to_string_lossy(),
            line: &[u8] = line.as_bytes(),
            written: u32 = self.written,
        });
        Ok(())
    }
}
