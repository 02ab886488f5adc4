//! Reading a file of the kernel's.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Reads a file in large pieces: the kernel gives `header_page`, `header_event` and `filter` to
/// the first `read` only, and the standard library's first one asks for 32 bytes. Somebody's path in it may
/// be any bytes (a mount's, a probe's): what is no text is replaced.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut file = BufReader::with_capacity(64 << 10, File::open(path)?);
    let mut bytes = Vec::new();
    loop {
        let piece = file.fill_buf()?;
        let len = piece.len();
        if len == 0 {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        bytes.extend_from_slice(piece);
        file.consume(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_no_text_hides_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mounts");
        std::fs::write(&path, b"none /tmp/\xff tmpfs\ntracefs /t tracefs\n").unwrap();
        let text = read(&path).unwrap();
        assert_eq!(text.lines().last(), Some("tracefs /t tracefs"));
    }
}
