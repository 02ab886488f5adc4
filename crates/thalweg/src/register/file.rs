//! Writes the rendezvous file: the head, and a definition for each site.

use super::definition::{self, Output as _, write_site};
use super::folder::Folder;
use super::path::Path;
use crate::site;
use crate::sys::{self, Fd};
use thalweg_abi::rendezvous::Head;

/// Creates the file under its hidden name, complete; the descriptor can be handed over.
pub(crate) fn write(
    folder: &Folder,
    hidden: &Path,
    mut head: Head,
    buffer: &mut [u8],
) -> Option<Fd> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    let file = sys::open(folder.descriptor(), hidden.as_c_str()?, flags, 0o600)?;
    let mut measured = Output::new(None, buffer);
    write_all(&mut measured, &head);
    head.len = u32::try_from(measured.total).ok()?;
    let mut output = Output::new(Some(&file), buffer);
    write_all(&mut output, &head);
    output.flush();
    let complete = !output.failed;
    complete.then_some(file)
}

fn write_all(output: &mut Output<'_>, head: &Head) {
    output.put(&head.encode());
    for site in site::each() {
        write_site(output, site);
    }
}

/// Collects small pieces into few writes; without a file it only counts.
struct Output<'f> {
    file: Option<&'f Fd>,
    buffer: &'f mut [u8],
    filled: usize,
    total: usize,
    failed: bool,
}

impl<'f> Output<'f> {
    fn new(file: Option<&'f Fd>, buffer: &'f mut [u8]) -> Self {
        Self {
            file,
            buffer,
            filled: 0,
            total: 0,
            failed: false,
        }
    }

    fn flush(&mut self) {
        let bytes = &self.buffer[..core::mem::take(&mut self.filled)];
        if let Some(file) = self.file {
            self.failed |= !sys::write_all(file, bytes);
        }
    }
}

impl definition::Output for Output<'_> {
    fn put(&mut self, bytes: &[u8]) {
        self.total += bytes.len();
        for part in bytes.chunks(self.buffer.len()) {
            if self.filled + part.len() > self.buffer.len() {
                self.flush();
            }
            self.buffer[self.filled..self.filled + part.len()].copy_from_slice(part);
            self.filled += part.len();
        }
    }
}
