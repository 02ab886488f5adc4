//! From a page to CTF event records, with contexts if they are wanted.

use std::sync::{Arc, Mutex};

use thalweg_kbuf::{Cursor, EventContext, HeaderKind, Page, PageSummary, Parts, Transcoder};

use crate::context::ContextWriter;
use crate::told::{self, ToldSource};
use crate::{KernelEvent, Missing, PlannedEvent, TraceClock};

/// What decodes the pages of a recording.
#[derive(Debug)]
pub(crate) struct Decoder {
    transcoder: Transcoder,
    header: HeaderKind,
    contexts: Option<ContextWriter>,
    /// What the kernel's records lack.
    told: Option<Arc<Mutex<ToldSource>>>,
}

impl Decoder {
    pub(crate) fn new(
        events: &[KernelEvent],
        contexts: Option<ContextWriter>,
        told: Option<Arc<Mutex<ToldSource>>>,
    ) -> Self {
        let header = HeaderKind::for_events(events.len());
        let mut decoder = Self {
            transcoder: Transcoder::new(events, header),
            header,
            contexts,
            told,
        };
        decoder.connect();
        decoder
    }

    fn connect(&mut self) {
        if let Some(told) = &self.told {
            self.transcoder
                .set_told(Arc::<Mutex<ToldSource>>::clone(told));
        }
    }

    /// Has told what these events lack, which are to be known next.
    pub(crate) fn tell_of(
        &mut self,
        events: &mut [PlannedEvent],
        clock: TraceClock,
    ) -> Option<Missing> {
        told::tell_of(&mut self.told, events, clock)
    }

    /// Events whose fields are not known that the kernel's records lack.
    pub(crate) fn untold(&self) -> u64 {
        self.told
            .as_ref()
            .map_or(0, |told| told::lock(told).unknown())
    }

    /// Knows these events from now on, whose ids are to be set again; their headers stay.
    pub(crate) fn learn(&mut self, events: &[KernelEvent]) {
        self.transcoder = Transcoder::new(events, self.header);
        self.connect();
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

    /// Whether there is something to keep up with.
    pub(crate) fn keeps_up(&self) -> bool {
        let contexts = self.contexts.as_ref();
        self.told.is_some() || contexts.is_some_and(ContextWriter::has_tasks)
    }

    /// Whether events are left out by filters.
    pub(crate) fn has_filters(&self) -> bool {
        self.contexts
            .as_ref()
            .is_some_and(ContextWriter::has_filters)
    }

    /// Reads what programs have told; events from `oldest` on will be asked about.
    pub(crate) fn keep_up(&mut self, oldest: u64) {
        if let Some(contexts) = &mut self.contexts {
            contexts.keep_up(oldest);
        }
        if let Some(told) = &self.told {
            told::lock(told).keep_up(oldest);
        }
    }

    /// Beginnings of threads that contexts do not know of.
    pub(crate) fn lost_tasks(&self) -> u64 {
        self.contexts.as_ref().map_or(0, ContextWriter::lost_tasks)
    }
}
