//! All streams of all traces as one, in the order of time.
//!
//! Ties are broken as babeltrace2 breaks them: by the trace's uuid, the stream class's id, the
//! stream's own id, and where packets have none or no times, by the file's name. Streams without a clock come first, one after the other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;

use thalweg_ctf::read::Cursor;
use thalweg_model::{Message, Uuid};

use crate::error::Error;
use crate::file::StreamFile;
use crate::find;
use crate::select::Selection;
use crate::stream::{Stream, StreamInfo};
use crate::trace::Trace;
use crate::window::Window;

/// A message, with where and when it belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<'a> {
    /// The index of its trace in [`Reader::traces`]: event classes are that trace's.
    pub trace: usize,
    /// The index of its stream, in [`Reader::streams`].
    pub stream: usize,
    /// The index of its stream's class in the trace.
    pub stream_class: usize,
    /// Nanoseconds since the Unix epoch, if the message has a time.
    pub at_ns: Option<i64>,
    /// The message.
    pub message: Message<'a>,
}

/// Reads traces in the order of time.
#[derive(Debug)]
pub struct Reader {
    traces: Vec<Trace>,
    streams: Vec<Stream>,
    /// Errors of opening that concern one file each.
    faults: Vec<Error>,
    /// The streams that have a message, by its time and their rank.
    heap: BinaryHeap<Reverse<(i64, usize)>>,
    /// The stream whose message came last: not in the heap.
    current: Option<usize>,
    /// The top of the heap: events of the current stream before it are the next messages.
    limit: (i64, usize),
    /// Nothing after this time is asked for.
    end_ns: i64,
    /// Whether a trace has a filter.
    has_filter: bool,
    warnings: Vec<Error>,
}

/// What orders streams whose messages are at the same time, and what makes files one stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    uuid: Option<[u8; 16]>,
    /// Traces without a uuid are never one trace.
    trace: usize,
    class_id: u64,
    instance_id: Option<u64>,
    path: std::path::PathBuf,
}

impl Reader {
    /// Opens every trace in the given folders.
    pub fn open<P: AsRef<Path>>(folders: &[P]) -> Result<Self, Error> {
        let mut reader = Self {
            traces: Vec::new(),
            streams: Vec::new(),
            faults: Vec::new(),
            heap: BinaryHeap::new(),
            current: None,
            limit: (i64::MIN, 0),
            end_ns: i64::MAX,
            has_filter: false,
            warnings: Vec::new(),
        };
        let mut files = Vec::new();
        for folder in folders {
            for path in find::traces(folder.as_ref())? {
                let index = reader.traces.len();
                reader.traces.push(Trace::below(folder.as_ref(), &path)?);
                let found = find::stream_files(&path)?;
                files.extend(
                    found
                        .into_iter()
                        .map(|(path, size)| StreamFile::new(index, path, size)),
                );
            }
        }
        reader.add_streams(files);
        Ok(reader)
    }

    /// Opens them, and reads only what is selected.
    pub fn select<P: AsRef<Path>>(folders: &[P], selection: &Selection) -> Result<Self, Error> {
        let mut reader = Self::open(folders)?;
        for trace in &mut reader.traces {
            trace.select(selection)?;
        }
        reader.has_filter = selection.filter.is_some();
        reader.end_ns = selection.end_ns.unwrap_or(i64::MAX);
        if let Some(begin_ns) = selection.begin_ns {
            for stream in &mut reader.streams {
                let sought = stream.seek(begin_ns, &reader.traces, &mut reader.warnings);
                reader.faults.extend(sought.err());
            }
        }
        Ok(reader)
    }

    /// When the first packet begins, as far as packets tell.
    pub fn begin_ns(&self) -> Option<i64> {
        let begins = self.streams.iter().filter_map(|s| s.begin_ns(&self.traces));
        begins.min()
    }

    /// When the last packet ends, as far as packets tell. Like [`begin_ns`](Self::begin_ns) this is for
    /// a reader that nothing was read from.
    pub fn end_ns(&self) -> Option<i64> {
        let ends = self.streams.iter().filter_map(|s| s.end_ns(&self.traces));
        ends.max()
    }

    /// What is strange and does no harm: indexes that were ignored.
    pub fn warnings(&self) -> &[Error] {
        &self.warnings
    }

    fn add_streams(&mut self, files: Vec<StreamFile>) {
        let groups = self.group(files);
        let count = groups.len();
        for (_, files) in groups {
            let Some((class, instance_id)) = files
                .first()
                .and_then(|f| f.head)
                .map(|h| (h.stream, h.instance_id))
            else {
                continue;
            };
            let info = StreamInfo {
                trace: files[0].trace,
                class,
                instance_id,
                path: files[0].path.clone(),
            };
            self.streams
                .push(Stream::new(info, files, Window::new(count)));
        }
        for index in 0..self.streams.len() {
            self.wait_for(index);
        }
        self.faults.reverse();
    }

    /// Reads the first head of each file, and puts files of one stream together, in their order.
    fn group(&mut self, files: Vec<StreamFile>) -> Vec<(Rank, Vec<StreamFile>)> {
        let mut groups: Vec<(Rank, Vec<StreamFile>)> = Vec::new();
        let mut known: HashMap<_, usize> = HashMap::new();
        let (mut window, mut cursor) = (Window::new(usize::MAX), Cursor::default());
        for mut file in files {
            let trace = &self.traces[file.trace];
            window.clear();
            if let Err(error) = file.enter(trace, &mut cursor, &mut window) {
                self.faults.push(error);
                continue;
            }
            let Some(head) = file.head else { continue };
            // Files whose packets have no times cannot be put in order, so each is a stream.
            let instance_id = head.begin.and(head.instance_id);
            let rank = Rank::of(trace, &file, head.stream, instance_id);
            let key = instance_id.map(|id| (rank.uuid, rank.trace, rank.class_id, id));
            let group = key.and_then(|key| known.get(&key).copied());
            match group {
                Some(group) => groups[group].1.push(file),
                None => {
                    known.extend(key.map(|key| (key, groups.len())));
                    groups.push((rank, vec![file]));
                }
            }
        }
        groups.sort_by(|a, b| a.0.cmp(&b.0));
        groups
    }

    /// The traces, in the order of their paths.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// The streams, by their index.
    pub fn streams(&self) -> impl ExactSizeIterator<Item = &StreamInfo> {
        self.streams.iter().map(|stream| &stream.info)
    }

    /// Puts a stream back in line, if it has another message.
    fn wait_for(&mut self, index: usize) {
        if let Some(at_ns) = self.streams[index].peek(&self.traces) {
            self.heap.push(Reverse((at_ns, index)));
        }
    }

    /// The stream of the next message.
    #[inline]
    fn earliest(&mut self) -> Option<usize> {
        // Events come in bursts from one stream: most often it stays the earliest.
        match self.current.and_then(|last| self.earliest_event(last)) {
            Some(last) => Some(last),
            None => self.turn(),
        }
    }

    /// The stream again, if its next message is an event before those of all other streams.
    #[inline]
    fn earliest_event(&self, last: usize) -> Option<usize> {
        let at_ns = self.streams[last].event_ns()?;
        ((at_ns, last) < self.limit).then_some(last)
    }

    /// The stream whose message is the earliest: it is the current one now.
    fn turn(&mut self) -> Option<usize> {
        if let Some(last) = self.current.take() {
            self.wait_for(last);
        }
        let Reverse((at_ns, index)) = self.heap.pop()?;
        if at_ns > self.end_ns {
            self.heap.clear();
            return None;
        }
        self.current = Some(index);
        let top = self.heap.peek().map(|Reverse(top)| *top);
        let end = (self.end_ns, usize::MAX);
        self.limit = top.unwrap_or(end).min(end);
        Some(index)
    }

    /// The next message: `None` at the end. After an error the reader goes on with what it can
    /// still read.
    #[allow(
        clippy::should_implement_trait,
        reason = "the item borrows from the reader"
    )]
    #[inline]
    pub fn next(&mut self) -> Option<Result<Item<'_>, Error>> {
        if let Some(fault) = self.faults.pop() {
            return Some(Err(fault));
        }
        let mut index = self.earliest()?;
        while self.has_filter && self.streams[index].is_refused(&self.traces) {
            self.streams[index].pass_event();
            index = self.earliest()?;
        }
        Some(self.streams[index].take(index))
    }
}

impl Rank {
    fn of(trace: &Trace, file: &StreamFile, class: usize, instance_id: Option<u64>) -> Self {
        let uuid = trace.class().uuid.map(|Uuid(bytes)| bytes);
        let class_id = trace
            .class()
            .streams
            .get(class)
            .map_or(0, |stream| stream.id);
        let trace = if uuid.is_some() { 0 } else { file.trace };
        Self {
            uuid,
            trace,
            class_id,
            instance_id,
            path: file.path.clone(),
        }
    }
}
