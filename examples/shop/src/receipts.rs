//! Receipts: each worker writes its own file, one line and one write an order.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use thalweg::{Bounded, CountedText, Oct, Text};

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
        let mode = file.metadata()?.permissions().mode();
        event!("shop:book_opened", DebugModule, {
            worker: u16 = worker,
            mode: Oct<u32> = Oct(mode),
            version: &CStr = c"1",
        });
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
            path: Text = Text(self.path.as_os_str().as_bytes()),
            line: CountedText = CountedText(line.as_bytes()),
            verdict: Bounded<4, &str> = Bounded(&format!("{verdict:?}")),
            written: u32 = self.written,
        });
        Ok(())
    }
}
