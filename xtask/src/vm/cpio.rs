//! The archive that a kernel unpacks as its first root folder: `cpio` in its form `newc`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context as _, Result};

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_000;

/// An archive in the making.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    files: u32,
}

impl Archive {
    /// Adds an empty folder.
    pub(super) fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER, &[]);
    }

    /// Adds a file of this machine under a path of the guest's.
    pub(super) fn file(&mut self, path: &str, from: &Path) -> Result<()> {
        let named = || format!("read {} for the guest", from.display());
        let bytes = fs::read(from).with_context(named)?;
        let mode = fs::metadata(from).with_context(named)?.permissions().mode();
        self.entry(path, FILE | mode & 0o777, &bytes);
        Ok(())
    }

    /// Adds a program with this text.
    pub(super) fn script(&mut self, path: &str, text: &str) {
        self.entry(path, FILE | 0o755, text.as_bytes());
    }

    /// The whole.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.files += 1;
        let name = path.trim_start_matches('/');
        // Number, mode, owner, group, links, time, size, two devices of two numbers, name's length, sum.
        let size = content.len() as u32;
        let numbers = [
            self.files,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            0,
            0,
            name.len() as u32 + 1,
            0,
        ];
        self.bytes.extend(b"070701");
        for number in numbers {
            self.bytes.extend(format!("{number:08x}").bytes());
        }
        self.bytes.extend(name.bytes().chain([0]));
        self.align();
        self.bytes.extend(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
