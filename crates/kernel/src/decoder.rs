//! From a page to CTF event records, with contexts if they are wanted.

use thalweg_kbuf::{Cursor, EventContext, HeaderKind, Page, PageSummary, Parts, Transcoder};

use crate::KernelEvent;
use crate::context::ContextWriter;

/// What decodes the pages of a recording.
#[derive(Debug)]
pub(crate) struct Decoder {
    transcoder: Transcoder,
    header: HeaderKind,
    contexts: Option<ContextWriter>,
}

impl Decoder {
    pub(crate) fn new(events: &[KernelEvent], contexts: Option<ContextWriter>) -> Self {
        let header = HeaderKind::for_events(events.len());
        Self {
            transcoder: Transcoder::new(events, header),
            header,
            contexts,
        }
    }

    /// Knows these events from now on, whose ids are to be set again; their headers stay.
    pub(crate) fn learn(&mut self, events: &[KernelEvent]) {
        self.transcoder = Transcoder::new(events, self.header);
    }

    /// What stands in front of each event.
    pub(crate) fn header(&self) -> HeaderKind {
        self.header
    }

    pub(crate) fn set_ids(&mut self, header: HeaderKind, ids: &[u32]) {
        self.header = header;
        self.transcoder.set_ids(header, ids);
    }

    /// Appends a page's events after a time to `out`.
    pub(crate) fn records(
        &mut self,
        cpu: u32,
        page: &Page<'_>,
        after: Option<u64>,
        out: &mut Parts,
    ) -> PageSummary {
        let contexts = self.contexts.as_mut();
        let contexts = contexts.map(|writer| writer.of_cpu(cpu) as &mut dyn EventContext);
        let mut cursor = Cursor::start(page.stamp);
        let transcoder = &self.transcoder;
        transcoder.records_in_context(page, &mut cursor, after, contexts, out)
    }

    /// Whether contexts tell of threads.
    pub(crate) fn has_tasks(&self) -> bool {
        self.contexts.as_ref().is_some_and(ContextWriter::has_tasks)
    }

    /// Whether events are left out by filters.
    pub(crate) fn has_filters(&self) -> bool {
        self.contexts
            .as_ref()
            .is_some_and(ContextWriter::has_filters)
    }

    /// Reads what there is of threads; events from `oldest` on will be asked about.
    pub(crate) fn keep_up(&mut self, oldest: u64) {
        if let Some(contexts) = &mut self.contexts {
            contexts.keep_up(oldest);
        }
    }

    /// Beginnings of threads that contexts do not know of.
    pub(crate) fn lost_tasks(&self) -> u64 {
        self.contexts.as_ref().map_or(0, ContextWriter::lost_tasks)
    }
}
