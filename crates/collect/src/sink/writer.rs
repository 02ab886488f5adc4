//! One CTF trace folder, as it is being written.

use std::path::{Path, PathBuf};

use thalweg_ctf::write::{PacketHeader, StreamLayout, begin_text};
use thalweg_model::{ClockClass, EnvValue, EventClass, LogLevel, StructClass, Timestamp, Uuid};

use super::SinkError;
use super::blank::{BlankPages, PAGE};
use super::closing::Stream;
use super::courier::Courier;
use super::declarations::{Declarations, hidden_path};
use super::disk::{Disk, HostDisk};
use super::index::IndexFile;
use super::pages::Pages;
use super::stream::{PacketHead, PageHead, Sent, StreamFile, Target};

/// What a trace is, before it has a stream.
#[derive(Clone, Debug)]
pub struct TraceIdentity {
    /// Repeated in each packet.
    pub uuid: Uuid,
    /// The trace's only clock.
    pub clock: ClockClass,
    /// What readers recognise the trace by; see [`super::environment`].
    pub environment: Vec<(String, EnvValue)>,
}

/// A stream class of one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamClassId(pub(super) u32);

/// A stream of one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub(super) usize);

/// Pages that cannot be written.
#[derive(Debug)]
pub struct Unsent {
    /// Why.
    pub error: SinkError,
    /// Them.
    pub pages: Pages,
}

/// Writes one trace folder: `metadata`, stream files, `index/`.
///
/// What lies on disk is a valid trace after each system call; see [`super`] for how. Dropping a
/// writer leaves it so, without indexes.
pub struct TraceWriter<D: Disk = HostDisk> {
    pub(super) disk: D,
    pub(super) dir: PathBuf,
    pub(super) uuid: Uuid,
    pub(super) declarations: Declarations,
    pub(super) streams: Vec<Stream<D::File>>,
    pub(super) next_instance: u64,
    pub(super) blank: BlankPages,
    pub(super) courier: Courier,
}

impl TraceWriter {
    /// Begins a trace in `dir`, which is made if need be and must not have one.
    pub fn create(dir: &Path, identity: &TraceIdentity) -> Result<Self, SinkError> {
        Self::create_on(HostDisk, dir, identity)
    }
}

impl<D: Disk> TraceWriter<D> {
    /// The same, on another disk.
    pub fn create_on(disk: D, dir: &Path, identity: &TraceIdentity) -> Result<Self, SinkError> {
        if dir.join("metadata").symlink_metadata().is_ok() {
            return Err(SinkError::Exists(dir.to_owned()));
        }
        let index = dir.join("index");
        disk.make_dir(&index)
            .map_err(|e| SinkError::io("create", &index, e))?;
        // Left by a writer that was killed before its metadata took its place.
        let _ = disk.remove(&hidden_path(dir));
        let begin = begin_text(identity.uuid, &identity.environment, &identity.clock);
        let declarations = Declarations::new(identity.clock.name.clone(), begin);
        let mut writer = Self::with(disk, dir, identity.uuid, declarations);
        writer.flush_metadata()?;
        Ok(writer)
    }

    pub(super) fn with(disk: D, dir: &Path, uuid: Uuid, declarations: Declarations) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            uuid,
            declarations,
            streams: Vec::new(),
            next_instance: 0,
            blank: BlankPages::default(),
            courier: Courier::default(),
        }
    }

    /// Declares a stream class; the same layout gives the same id.
    pub fn stream_class(&mut self, layout: &StreamLayout) -> Result<StreamClassId, SinkError> {
        self.declarations.stream(layout).map(StreamClassId)
    }

    /// Declares an event class; the same declaration gives the same id.
    pub fn event_class(
        &mut self,
        stream: StreamClassId,
        name: &str,
        level: Option<LogLevel>,
        payload: &StructClass,
    ) -> Result<u32, SinkError> {
        self.modelled_event_class(stream, name, level, None, payload)
    }

    /// The same for an event that a model describes.
    pub fn modelled_event_class(
        &mut self,
        stream: StreamClassId,
        name: &str,
        level: Option<LogLevel>,
        model_uri: Option<&str>,
        payload: &StructClass,
    ) -> Result<u32, SinkError> {
        self.declarations.event(&EventClass {
            id: 0,
            name: name.to_owned(),
            stream_id: stream.0.into(),
            log_level: level,
            model_uri: model_uri.map(str::to_owned),
            specific_context: None,
            payload: payload.clone(),
        })
    }

    /// Puts what was declared on disk. Packets and streams do it before they are written, so this
    /// is only for those who want it earlier.
    pub fn flush_metadata(&mut self) -> Result<(), SinkError> {
        self.declarations.flush(&self.disk, &self.dir)
    }

    /// Makes a stream file. No event of it is older than `begin`; `context` is the packet context
    /// of what is written before the first packet.
    pub fn open_stream(
        &mut self,
        class: StreamClassId,
        file_name: &str,
        begin: Timestamp,
        context: &[u8],
    ) -> Result<StreamId, SinkError> {
        check_file_name(file_name)?;
        self.check_context(class, context)?;
        self.flush_metadata()?;
        let path = self.dir.join(file_name);
        let file = self
            .disk
            .create(&path)
            .map_err(|e| SinkError::io("create", &path, e))?;
        let open = self.first_header(class, begin, context.len());
        let mut file = StreamFile::new(file, path, open, context);
        let mut to = Target {
            disk: &self.disk,
            blank: &mut self.blank,
        };
        // Two pages: the count of discarded events takes two packets to tell.
        if let Err(error) = file.begin(&mut to, 2 * PAGE) {
            let _ = self.disk.remove(file.path());
            return Err(error);
        }
        self.next_instance = self.next_instance.wrapping_add(1);
        let index = IndexFile::new(&self.dir, file_name);
        self.streams.push(Stream {
            name: file_name.to_owned(),
            file,
            index,
            packets: 0,
        });
        Ok(StreamId(self.streams.len() - 1))
    }

    fn first_header(
        &self,
        class: StreamClassId,
        begin: Timestamp,
        context_len: usize,
    ) -> PacketHeader {
        PacketHeader {
            uuid: self.uuid,
            stream_id: class.0,
            stream_instance_id: self.next_instance,
            begin,
            end: begin,
            content_bytes: (PacketHeader::LEN + context_len) as u64,
            packet_bytes: 0,
            sequence: 0,
            discarded: 0,
        }
    }

    fn check_context(&self, class: StreamClassId, context: &[u8]) -> Result<(), SinkError> {
        let entry = self
            .declarations
            .streams
            .get(class.0 as usize)
            .ok_or(SinkError::UnknownId)?;
        check_len(context.len(), entry.context_len)
    }

    /// Writes a packet: when this returns `Ok` it is in the file, whole; otherwise none of it is,
    /// and its events are the caller's to count as discarded.
    pub fn write_packet(
        &mut self,
        stream: StreamId,
        head: &PacketHead<'_>,
        records: &[u8],
    ) -> Result<(), SinkError> {
        self.flush_metadata()?;
        let (stream, mut to) = self.parts(stream)?;
        check_len(head.context.len(), stream.file.context().len())?;
        check_order(head, stream.file.last_end())?;
        let empty = stream.file.begin_count(&mut to, head.discarded_total)?;
        stream.log(to.disk, empty);
        let entry = stream.file.commit(&mut to, head, records)?;
        stream.log(to.disk, Some(entry));
        Ok(())
    }

    /// Begins to write packets of one page each, which lie in `pages` with room for one page more; in
    /// front of each page's records is room for header and context. Nothing else is done to the
    /// stream, and no other pages are sent, before these are [settled](Self::settle).
    pub fn send_pages(
        &mut self,
        stream: StreamId,
        about: (&[u8], u64),
        heads: &[PageHead],
        pages: Pages,
    ) -> Result<Sent, Box<Unsent>> {
        if let Err(error) = self.make_ready(stream, about, heads, &pages) {
            return Err(Box::new(Unsent { error, pages }));
        }
        let Some(stream) = self.streams.get_mut(stream.0) else {
            let error = SinkError::UnknownId;
            return Err(Box::new(Unsent { error, pages }));
        };
        let to = (&self.disk, &mut self.courier);
        Ok(stream.file.send(to, about, heads, pages))
    }

    /// Checks what is to be sent, and leaves the stream with an open packet of one page.
    fn make_ready(
        &mut self,
        stream: StreamId,
        (context, discarded_total): (&[u8], u64),
        heads: &[PageHead],
        pages: &Pages,
    ) -> Result<(), SinkError> {
        self.flush_metadata()?;
        let (stream, mut to) = self.parts(stream)?;
        check_len(context.len(), stream.file.context().len())?;
        check_len(pages.count().min(heads.len() + 1), heads.len() + 1)?;
        check_page_order(heads, stream.file.last_end())?;
        let empty = stream.file.begin_count(&mut to, discarded_total)?;
        stream.log(to.disk, empty);
        let rest = stream.file.leave_one_page(&mut to)?;
        stream.log(to.disk, rest);
        Ok(())
    }

    /// Waits for pages that were sent: how many are in the file, each whole, what went wrong if these
    /// are not all, and the memory.
    pub fn settle(&mut self, stream: StreamId, sent: Sent) -> (usize, Option<SinkError>, Pages) {
        let Some(stream) = self.streams.get_mut(stream.0) else {
            return (0, Some(SinkError::UnknownId), Pages::default());
        };
        let settled = stream.file.settle((&self.disk, &self.courier), sent);
        for entry in &settled.entries {
            stream.log(&self.disk, Some(*entry));
        }
        (settled.entries.len(), settled.error, settled.pages)
    }

    /// Takes note that so many events of a stream were discarded in all, up to `at`. It is on disk
    /// at once, also on a full one, and the next packet, or a last empty one, tells it again.
    pub fn note_discarded(
        &mut self,
        stream: StreamId,
        total: u64,
        at: Timestamp,
    ) -> Result<(), SinkError> {
        let (stream, mut to) = self.parts(stream)?;
        let empty = stream.file.begin_count(&mut to, total)?;
        stream.log(to.disk, empty);
        stream.file.note_discarded(to.disk, total, at)
    }

    fn parts(&mut self, id: StreamId) -> Result<(&mut Stream<D::File>, Target<'_, D>), SinkError> {
        let stream = self.streams.get_mut(id.0).ok_or(SinkError::UnknownId)?;
        Ok((
            stream,
            Target {
                disk: &self.disk,
                blank: &mut self.blank,
            },
        ))
    }

    fn stream(&self, id: StreamId) -> Option<&StreamFile<D::File>> {
        self.streams.get(id.0).map(|stream| &stream.file)
    }

    /// When the stream's last packet ended, or the stream began.
    pub fn last_end(&self, stream: StreamId) -> Option<Timestamp> {
        self.stream(stream).map(StreamFile::last_end)
    }

    /// The sequence number that the stream's next packet gets.
    pub fn next_sequence(&self, stream: StreamId) -> Option<u64> {
        self.stream(stream).map(StreamFile::next_sequence)
    }

    /// The stream's discarded events, as far as they were told.
    pub fn discarded(&self, stream: StreamId) -> Option<u64> {
        self.stream(stream).map(StreamFile::discarded)
    }

    /// The context of the stream's last packet, or the one that it was opened with.
    pub fn context(&self, stream: StreamId) -> Option<&[u8]> {
        self.stream(stream).map(StreamFile::context)
    }

    /// All streams and the names of their files.
    pub fn streams(&self) -> impl Iterator<Item = (StreamId, &str)> {
        self.streams
            .iter()
            .enumerate()
            .map(|(index, stream)| (StreamId(index), stream.name.as_str()))
    }

    /// Bytes of all packets and of the metadata.
    pub fn bytes_written(&self) -> u64 {
        let packets: u64 = self
            .streams
            .iter()
            .map(|stream| stream.file.committed_bytes())
            .sum();
        packets + self.declarations.text_bytes()
    }

    /// The names in the event context of the first stream class whose packets say whose they are:
    /// what programs' events were recorded with.
    pub fn program_contexts(&self) -> impl Iterator<Item = &str> + Clone {
        self.declarations.program_contexts()
    }

    /// The trace's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

fn check_len(given: usize, declared: usize) -> Result<(), SinkError> {
    match given == declared {
        true => Ok(()),
        false => Err(SinkError::ContextLength { given, declared }),
    }
}

fn check_order(head: &PacketHead<'_>, last_end: Timestamp) -> Result<(), SinkError> {
    let PacketHead { begin, end, .. } = *head;
    match last_end <= begin && begin <= end {
        true => Ok(()),
        false => Err(SinkError::OutOfOrder {
            begin,
            end,
            last_end,
        }),
    }
}

fn check_page_order(heads: &[PageHead], mut last_end: Timestamp) -> Result<(), SinkError> {
    for PageHead { begin, end, .. } in heads.iter().copied() {
        if last_end > begin || begin > end {
            return Err(SinkError::OutOfOrder {
                begin,
                end,
                last_end,
            });
        }
        last_end = end;
    }
    Ok(())
}

/// Readers take every visible file beside `metadata` for a stream, and skip hidden ones.
fn check_file_name(name: &str) -> Result<(), SinkError> {
    let reserved = ["", "metadata", "index"].contains(&name);
    let bad = reserved || name.starts_with('.') || name.contains(['/', '\0']) || name.len() > 200;
    if bad {
        Err(SinkError::BadFileName(name.to_owned()))
    } else {
        Ok(())
    }
}
