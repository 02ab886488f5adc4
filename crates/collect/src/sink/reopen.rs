//! Taking up a trace whose writer died.
//!
//! The trace is valid as it lies; what is to be learned is where each stream goes on. The open
//! packet is used again, a tail that is no packet (the machine died, or a copy was cut) is cut off
//! and reported, and indexes are built anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thalweg_model::Timestamp;

use super::SinkError;
use super::closing::Stream;
use super::declarations::{Declarations, MAX_METADATA, hidden_path};
use super::disk::{Disk, HostDisk};
use super::index::IndexFile;
use super::stream::StreamFile;
use super::walk::{PacketOnDisk, Rules, Tail, TailFinder, Walk};
use super::writer::{StreamId, TraceWriter};

/// What was found when a trace was taken up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its streams.
    pub streams: Vec<FoundStream>,
    /// Files that do not begin with a packet of this trace: they were left alone.
    pub foreign: Vec<PathBuf>,
}

/// A stream that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundStream {
    /// Its id in the new writer.
    pub id: StreamId,
    /// Its file's name.
    pub file_name: String,
    /// Its packets.
    pub packets: u64,
    /// When the last of them ended, or the stream began.
    pub last_end: Timestamp,
    /// Its last packet's context, or the one that it began with.
    pub last_context: Vec<u8>,
    /// Its events that were discarded, as far as the file tells.
    pub discarded: u64,
    /// Bytes behind the last packet that were no packet, and are gone.
    pub cut_bytes: u64,
}

impl TraceWriter {
    /// Takes up the trace in `dir`, whose writer is gone.
    pub fn reopen(dir: &Path) -> Result<(Self, Report), SinkError> {
        Self::reopen_on(HostDisk, dir)
    }
}

impl<D: Disk> TraceWriter<D> {
    /// The same, on another disk.
    pub fn reopen_on(disk: D, dir: &Path) -> Result<(Self, Report), SinkError> {
        let text = read_metadata(dir)?;
        let not_ours = |why| SinkError::NotOurs {
            dir: dir.to_owned(),
            why,
        };
        let (uuid, declarations) = Declarations::found(text).map_err(not_ours)?;
        let _ = disk.remove(&hidden_path(dir));
        let index = dir.join("index");
        disk.make_dir(&index)
            .map_err(|e| SinkError::io("create", &index, e))?;
        let mut writer = Self::with(disk, dir, uuid, declarations);
        let mut report = Report::default();
        for file in stream_files(dir)? {
            writer.take_up_or_report(file, &mut report)?;
        }
        Ok((writer, report))
    }

    fn take_up_or_report(
        &mut self,
        file: VisibleFile,
        report: &mut Report,
    ) -> Result<(), SinkError> {
        if file.len == 0 {
            // Its writer died before the first packet; the name may be wanted again.
            return self
                .disk
                .remove(&file.path)
                .map_err(|e| SinkError::io("remove", &file.path, e));
        }
        match file
            .path
            .file_name()
            .and_then(|name| name.to_str())
            .map(|name| self.take_up(name))
        {
            Some(Ok(Some(found))) => report.streams.push(found),
            Some(Err(error)) => return Err(error),
            _ => report.foreign.push(file.path),
        }
        Ok(())
    }

    fn rules(&self) -> Rules {
        let context_lens = self
            .declarations
            .streams
            .iter()
            .map(|s| s.context_len)
            .collect();
        Rules {
            uuid: self.uuid,
            context_lens,
        }
    }

    /// `None`: not a stream of this trace.
    fn take_up(&mut self, file_name: &str) -> Result<Option<FoundStream>, SinkError> {
        let path = self.dir.join(file_name);
        let failed = |e| SinkError::io("read", &path, e);
        let mut packets = self.walk(&path, None).map_err(failed)?.peekable();
        if packets.peek().is_none() {
            return Ok(None);
        }
        let mut index = IndexFile::new(&self.dir, file_name);
        index.remove_old(&self.disk);
        let mut finder = TailFinder::default();
        let mut real = 0;
        for packet in packets {
            for packet in finder.push(packet.map_err(failed)?) {
                index.push(&self.disk, &packet.entry());
                real += 1;
            }
        }
        let Some(tail) = finder.finish() else {
            return Ok(None);
        };
        let (file, cut_bytes) = self.go_on(&path, tail)?;
        let stream = Stream {
            name: file_name.to_owned(),
            file,
            index,
            packets: real,
        };
        Ok(Some(self.add_found(stream, cut_bytes)))
    }

    /// Opens a stream's file where `tail` says, without what lies behind.
    fn go_on(&mut self, path: &Path, tail: Tail) -> Result<(StreamFile<D::File>, u64), SinkError> {
        let file = self
            .disk
            .open(path)
            .map_err(|e| SinkError::io("open", path, e))?;
        let len = fs::metadata(path)
            .map_err(|e| SinkError::io("read", path, e))?
            .len();
        let cut_bytes = len.saturating_sub(tail.len);
        self.next_instance = self
            .next_instance
            .max(tail.open.stream_instance_id.saturating_add(1));
        let file = StreamFile::found(file, path.to_owned(), tail);
        if cut_bytes > 0 {
            file.cut_tail(&self.disk)?;
        }
        Ok((file, cut_bytes))
    }

    fn add_found(&mut self, stream: Stream<D::File>, cut_bytes: u64) -> FoundStream {
        let found = FoundStream {
            id: StreamId(self.streams.len()),
            file_name: stream.name.clone(),
            packets: stream.packets,
            last_end: stream.file.last_end(),
            last_context: stream.file.context().to_vec(),
            discarded: stream.file.discarded(),
            cut_bytes,
        };
        self.streams.push(stream);
        found
    }

    fn walk(&self, path: &Path, end: Option<u64>) -> io::Result<Walk> {
        let walk = Walk::open(path, self.rules())?;
        Ok(match end {
            Some(end) => walk.up_to(end),
            None => walk,
        })
    }

    /// All packets on disk, stream by stream: what recovery need not write again.
    pub fn packets(
        &self,
    ) -> impl Iterator<Item = Result<(StreamId, PacketOnDisk), SinkError>> + '_ {
        self.streams.iter().enumerate().flat_map(|(index, stream)| {
            let path = stream.file.path();
            let (walk, failed) = match self.walk(path, Some(stream.file.committed_bytes())) {
                Ok(walk) => (Some(walk), None),
                Err(error) => (None, Some(Err(error))),
            };
            failed
                .into_iter()
                .chain(walk.into_iter().flatten())
                .map(move |packet| match packet {
                    Ok(packet) => Ok((StreamId(index), packet)),
                    Err(error) => Err(SinkError::io("read", path, error)),
                })
        })
    }
}

fn read_metadata(dir: &Path) -> Result<String, SinkError> {
    let path = dir.join("metadata");
    let failed = |e| SinkError::io("read", &path, e);
    let len = fs::metadata(&path).map_err(failed)?.len();
    if len > MAX_METADATA as u64 {
        return Err(SinkError::NotOurs {
            dir: dir.to_owned(),
            why: "its metadata is too long",
        });
    }
    let text = String::from_utf8(fs::read(&path).map_err(failed)?);
    text.map_err(|_| SinkError::NotOurs {
        dir: dir.to_owned(),
        why: "its metadata is not text",
    })
}

struct VisibleFile {
    path: PathBuf,
    len: u64,
}

/// The visible regular files beside the metadata, by name.
fn stream_files(dir: &Path) -> Result<Vec<VisibleFile>, SinkError> {
    let failed = |e| SinkError::io("list", dir, e);
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if !hidden && name != "metadata" && entry.file_type().map_err(failed)?.is_file() {
            let len = entry.metadata().map_err(failed)?.len();
            files.push(VisibleFile {
                path: entry.path(),
                len,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
