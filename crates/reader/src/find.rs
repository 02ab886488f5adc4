//! Which folders are traces, and which of their files are streams.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind};

/// Deeper trees are refused: they are no traces but loops of mounts.
const MAX_DEPTH: usize = 32;

/// The trace folders in `root`, itself included, in the order of their paths.
pub(crate) fn traces(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    collect(root, 0, &mut found)?;
    if found.is_empty() {
        return Err(Error::new(root, Kind::NoTrace));
    }
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::new(folder, Kind::TooDeep(MAX_DEPTH)));
    }
    if folder.join("metadata").is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    for entry in entries(folder).map_err(|error| Error::new(folder, error))? {
        // A link to a folder may lead back; a link to a file is judged where files are.
        if entry.is_folder && !entry.is_hidden() {
            collect(&entry.path, depth + 1, found)?;
        }
    }
    Ok(())
}

/// The files with packets in a trace folder, with their sizes, in the order of their names.
pub(crate) fn stream_files(folder: &Path) -> Result<Vec<(PathBuf, u64)>, Error> {
    let mut files = Vec::new();
    for entry in entries(folder).map_err(|error| Error::new(folder, error))? {
        if entry.is_folder || entry.is_hidden() || entry.is_no_stream() {
            continue;
        }
        let data = fs::metadata(&entry.path).map_err(|error| Error::new(&entry.path, error))?;
        if data.is_file() && data.len() > 0 {
            files.push((entry.path, data.len()));
        }
    }
    Ok(files)
}

struct Entry {
    path: PathBuf,
    is_folder: bool,
}

impl Entry {
    fn is_hidden(&self) -> bool {
        self.path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    }

    fn is_no_stream(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "metadata")
            || self
                .path
                .extension()
                .is_some_and(|extension| extension == "idx")
    }
}

fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push(Entry {
            path: entry.path(),
            is_folder: entry.file_type()?.is_dir(),
        });
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}
