//! The metadata: which classes were declared, and the file that says so.
//!
//! ```text
//!   event { name = "…"; id = 7; stream_id = 0; … }
//!   └────────── key: the block without its id ────┘  →  7
//! ```
//!
//! Invariant: the same declaration has the same id, also after a reopen, because the written text
//! itself is the key. The file is replaced whole, by rename: it is complete at every instant.

use std::collections::HashMap;
use std::io::IoSlice;
use std::path::{Path, PathBuf};

use thalweg_ctf::write::{
    EVENTS_AT, PacketHeader, SIGNATURE, StreamLayout, TsdlError, event_text, packet_context_text,
    stream_text,
};
use thalweg_model::{EventClass, Uuid};

use super::SinkError;
use super::blank::PAGE;
use super::blocks::{blocks, names_in, number_behind, value};
use super::disk::{Disk, write_all};

/// Longer metadata would be a burden to every reader; a program that declares that much is refused.
pub(super) const MAX_METADATA: usize = 64 << 20;

/// A stream class that was declared.
pub(super) struct StreamEntry {
    pub(super) context_len: usize,
    next_event: u32,
}

impl StreamEntry {
    fn new(context_len: usize) -> Self {
        Self {
            context_len,
            next_event: 0,
        }
    }
}

/// All declarations of a trace, and their text.
pub(super) struct Declarations {
    clock_name: String,
    text: String,
    /// How much of the text the file has.
    flushed: usize,
    /// The structures that streams share, once they are written.
    shared: Option<String>,
    pub(super) streams: Vec<StreamEntry>,
    stream_ids: HashMap<String, u32>,
    event_ids: HashMap<String, u32>,
}

impl Declarations {
    /// A trace without a stream, whose metadata begins with `begin`.
    pub(super) fn new(clock_name: String, begin: String) -> Self {
        Self {
            clock_name,
            text: begin,
            flushed: 0,
            shared: None,
            streams: Vec::new(),
            stream_ids: HashMap::new(),
            event_ids: HashMap::new(),
        }
    }

    /// The trace whose metadata file has this text, and its id.
    pub(super) fn found(text: String) -> Result<(Uuid, Self), &'static str> {
        if !text.starts_with(SIGNATURE) {
            return Err("its metadata is not CTF 1.8 as text");
        }
        let clock = blocks(&text).find_map(|block| value_of(block, "clock", "name"));
        let uuid = blocks(&text).find_map(|block| value_of(block, "trace", "uuid"));
        let uuid = uuid
            .and_then(|uuid| uuid.parse().ok())
            .ok_or("its metadata has no uuid")?;
        let mut found = Self::new(
            clock.ok_or("its metadata has no clock")?.to_owned(),
            String::new(),
        );
        for block in blocks(&text) {
            found
                .take_up(block)
                .ok_or("its metadata was not written by thalweg")?;
        }
        found.flushed = text.len();
        found.text = text;
        Ok((uuid, found))
    }

    fn take_up(&mut self, block: &str) -> Option<()> {
        match block.lines().next()? {
            "struct packet_context {" => self.shared = Some(block.to_owned()),
            "stream {" => {
                let (_, id, _) = split_id(block)?;
                let events_at = number_behind(block, EVENTS_AT).filter(|at| *at as u64 <= PAGE)?;
                (id as usize == self.streams.len()).then_some(())?;
                self.streams
                    .push(StreamEntry::new(events_at.checked_sub(PacketHeader::LEN)?));
                self.stream_ids.insert(without_id(block), id);
            }
            "event {" => {
                let (_, id, _) = split_id(block)?;
                let stream: usize = value(block, "stream_id")?.parse().ok()?;
                let stream = self.streams.get_mut(stream)?;
                stream.next_event = stream.next_event.max(id.checked_add(1)?);
                self.event_ids.insert(without_id(block), id);
            }
            _ => {}
        }
        Some(())
    }

    /// The id of the stream class with this layout.
    pub(super) fn stream(&mut self, layout: &StreamLayout) -> Result<u32, SinkError> {
        let refused = |source| SinkError::Declaration {
            name: "a stream class".into(),
            source,
        };
        let id = self.streams.len() as u32;
        let context_len = layout.context_len().map_err(refused)?;
        let (shared, block) = self.stream_blocks(id, layout).map_err(refused)?;
        let key = without_id(&block);
        if let Some(known) = self.stream_ids.get(&key) {
            return Ok(*known);
        }
        self.append(
            "a stream class",
            &[if self.shared.is_none() { &shared } else { "" }, &block],
        )?;
        self.shared.get_or_insert(shared);
        self.streams.push(StreamEntry::new(context_len));
        self.stream_ids.insert(key, id);
        Ok(id)
    }

    fn stream_blocks(&self, id: u32, layout: &StreamLayout) -> Result<(String, String), TsdlError> {
        let shared = match &self.shared {
            Some(shared) => shared.clone(),
            None => packet_context_text(&self.clock_name, layout)?,
        };
        let block = stream_text(id, &self.clock_name, layout, &shared)?;
        Ok((shared, block))
    }

    /// The id of this event class; `class.id` is not looked at.
    pub(super) fn event(&mut self, class: &EventClass) -> Result<u32, SinkError> {
        let refused = |source| SinkError::Declaration {
            name: class.name.clone(),
            source,
        };
        let block = event_text(class).map_err(refused)?;
        let key = without_id(&block);
        if let Some(known) = self.event_ids.get(&key) {
            return Ok(*known);
        }
        let stream = usize::try_from(class.stream_id).map_err(|_| SinkError::UnknownId)?;
        let id = self
            .streams
            .get(stream)
            .ok_or(SinkError::UnknownId)?
            .next_event;
        self.append(&class.name, &[&with_id(&block, id)])?;
        self.streams[stream].next_event = id.checked_add(1).ok_or(SinkError::UnknownId)?;
        self.event_ids.insert(key, id);
        Ok(id)
    }

    fn append(&mut self, name: &str, blocks: &[&str]) -> Result<(), SinkError> {
        let len = blocks
            .iter()
            .fold(self.text.len(), |sum, block| sum + block.len());
        if len > MAX_METADATA {
            return Err(SinkError::MetadataTooLong {
                name: name.to_owned(),
                limit: MAX_METADATA,
            });
        }
        self.text.extend(blocks.iter().copied());
        Ok(())
    }

    /// The names in the event context of the first stream class that has a packet context of its
    /// own.
    pub(super) fn program_contexts(&self) -> impl Iterator<Item = &str> + Clone {
        let of_thread = |block: &&str| {
            let events_at = number_behind(block, EVENTS_AT);
            block.starts_with("stream {") && events_at.is_some_and(|at| at > PacketHeader::LEN)
        };
        let block = blocks(&self.text).find(of_thread).unwrap_or_default();
        names_in(block, "\tevent.context := struct {")
    }

    /// Brings the file up to date.
    pub(super) fn flush<D: Disk>(&mut self, disk: &D, dir: &Path) -> Result<(), SinkError> {
        if self.flushed == self.text.len() {
            return Ok(());
        }
        let hidden = hidden_path(dir);
        self.replace(disk, &hidden, &dir.join("metadata"))
            .inspect_err(|_| {
                // Half a file would take room that a full disk needs, and the name as well.
                let _ = disk.remove(&hidden);
            })?;
        self.flushed = self.text.len();
        Ok(())
    }

    fn replace<D: Disk>(&self, disk: &D, hidden: &Path, visible: &Path) -> Result<(), SinkError> {
        let file = disk
            .create(hidden)
            .map_err(|e| SinkError::io("create", hidden, e))?;
        write_all(disk, &file, &mut [IoSlice::new(self.text.as_bytes())], 0)
            .map_err(|(_, error)| SinkError::io("write", hidden, error))?;
        disk.rename(hidden, visible)
            .map_err(|e| SinkError::io("rename", visible, e))
    }

    pub(super) fn text_bytes(&self) -> u64 {
        self.flushed as u64
    }
}

fn value_of<'a>(block: &'a str, kind: &str, key: &str) -> Option<&'a str> {
    block.starts_with(kind).then(|| value(block, key))?
}

/// Where the metadata is written before it takes its place.
pub(super) fn hidden_path(dir: &Path) -> PathBuf {
    dir.join(".metadata.new")
}

/// The `id` line of a block: the first such line, as strings keep to their lines.
const ID: &str = "\n\tid = ";

/// The parts of a block before and behind its id, and the id.
pub(super) fn split_id(block: &str) -> Option<(&str, u32, &str)> {
    let (head, rest) = block.split_once(ID)?;
    let (id, tail) = rest.split_once(';')?;
    Some((head, id.parse().ok()?, tail))
}

fn without_id(block: &str) -> String {
    let block = block.trim_end();
    split_id(block).map_or_else(|| block.to_owned(), |(head, _, tail)| [head, tail].concat())
}

fn with_id(block: &str, id: u32) -> String {
    let (head, _, tail) = split_id(block).expect("an event block has an id line");
    format!("{head}{ID}{id};{tail}")
}
