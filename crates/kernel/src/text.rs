//! Reading a file of tracefs.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Reads a file in large pieces: the kernel gives `header_page`, `header_event` and `filter` to
/// the first `read` only, and the standard library's first one asks for 32 bytes.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut file = BufReader::with_capacity(64 << 10, File::open(path)?);
    let mut bytes = Vec::new();
    loop {
        let piece = file.fill_buf()?;
        let len = piece.len();
        if len == 0 {
            return String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into());
        }
        bytes.extend_from_slice(piece);
        file.consume(len);
    }
}
