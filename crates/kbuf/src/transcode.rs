//! Pages in, CTF event records out.
//!
//! Invariant: what was appended for a page is whole event records in time order, and
//! `events + foreign + spoilt` counts every record that could be told apart; where the records
//! stop making sense, one more is counted as spoilt.

use std::sync::{Arc, Mutex, PoisonError};

use crate::PageLayout;
use crate::context::{EventContext, RecordHead};
use crate::header::HeaderKind;
use crate::lttng::TraceEvent;
use crate::page::{Cursor, Missed, Page, PageError, RecordError, Records};
use crate::parts::Parts;
use crate::plan::Plan;
use crate::told::Told;

/// Why a record is not in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Spoilt {
    /// The record is shorter than its event's fields.
    #[error("a record is shorter than its event's fields")]
    Short,
    /// A field says that its bytes lie outside of the record.
    #[error("a field's bytes lie outside of its record")]
    Location,
    /// The page's records stop making sense.
    #[error(transparent)]
    Page(#[from] RecordError),
}

/// What a page gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageSummary {
    /// The time of the first event.
    pub begin: u64,
    /// The time of the last event.
    pub end: u64,
    /// How many events were written.
    pub events: u64,
    /// How many were left out because the trace has them already.
    pub known: u64,
    /// How many records are of types that are not traced.
    pub foreign: u64,
    /// How many are of threads that nobody wants.
    pub others: u64,
    /// How many records could not be read.
    pub spoilt: u64,
    /// Why the first of them could not.
    pub cause: Option<Spoilt>,
    /// What the kernel says is missing before the page.
    pub missed: Missed,
    /// How many absolute times lay before the record ahead of them.
    pub steps_back: u64,
}

/// What becomes of a record.
enum Fate {
    /// Under this id.
    Written(u32),
    /// Its type is not traced.
    Foreign,
    /// Its thread is not.
    Unwanted,
}

/// Turns ring pages into CTF event records.
#[derive(Clone, Debug)]
pub struct Transcoder {
    /// By the kernel's type id: one more than the index in `plans`, 0 for none.
    index: Vec<u16>,
    plans: Vec<(u32, Plan)>,
    header: HeaderKind,
    told: Option<Arc<Mutex<dyn Told>>>,
}

impl Transcoder {
    /// A transcoder for these events; each has its place in the slice as CTF id until
    /// [`Self::set_ids`] says otherwise.
    pub fn new(events: &[TraceEvent], header: HeaderKind) -> Self {
        let largest = events.iter().map(|event| usize::from(event.type_id)).max();
        let mut index = vec![0; largest.map_or(0, |largest| largest + 1)];
        // A kernel has at most 2^16 - 1 types.
        for (place, event) in events.iter().enumerate().take(usize::from(u16::MAX)) {
            index[usize::from(event.type_id)] = place as u16 + 1;
        }
        let plans = (0..)
            .zip(events)
            .map(|(id, event)| (id, event.plan.clone()))
            .collect();
        Self {
            index,
            plans,
            header,
            told: None,
        }
    }

    /// Fills what is told beside the kernel's records from here.
    pub fn set_told(&mut self, told: Arc<Mutex<dyn Told>>) {
        self.told = Some(told);
    }

    /// Sets the CTF id of each event, in the order of [`Self::new`]; events beyond the slice keep
    /// theirs.
    pub fn set_ids(&mut self, header: HeaderKind, ids: &[u32]) {
        self.header = header;
        for (plan, &id) in self.plans.iter_mut().zip(ids) {
            plan.0 = id;
        }
    }

    /// Appends a whole page's events to `out`.
    ///
    /// # Errors
    /// The page's header cannot be used; nothing was appended.
    pub fn page(
        &self,
        bytes: &[u8],
        layout: &PageLayout,
        out: &mut Vec<u8>,
    ) -> Result<PageSummary, PageError> {
        let page = Page::parse(bytes, layout)?;
        Ok(self.records(&page, &mut Cursor::start(page.stamp), None, out))
    }

    /// Appends the events behind `cursor` and after the time `after` to `out`, and moves the
    /// cursor behind the last.
    pub fn records(
        &self,
        page: &Page<'_>,
        cursor: &mut Cursor,
        after: Option<u64>,
        out: &mut Vec<u8>,
    ) -> PageSummary {
        let mut parts = Parts::behind(std::mem::take(out));
        let summary = self.records_in_context(page, cursor, after, None, &mut parts);
        *out = parts.into_bytes();
        summary
    }

    /// The same, behind what is in `out` already, and with contexts in front of each event's payload.
    pub fn records_in_context(
        &self,
        page: &Page<'_>,
        cursor: &mut Cursor,
        after: Option<u64>,
        mut context: Option<&mut dyn EventContext>,
        out: &mut Parts,
    ) -> PageSummary {
        let mut summary = PageSummary {
            missed: page.missed,
            ..PageSummary::default()
        };
        let mut records = Records::new(page.data, *cursor);
        for record in records.by_ref() {
            match record {
                Ok(record) if after.is_some_and(|after| record.at <= after) => summary.known += 1,
                Ok(record) => {
                    let (times, bytes) = ((record.at, out.last()), out.bytes_mut());
                    let begin = bytes.len();
                    let context = context.as_deref_mut();
                    match self.event(record.data, times, context, bytes) {
                        Ok(Fate::Written(id)) => {
                            if summary.events == 0 {
                                summary.begin = record.at;
                            }
                            summary.end = record.at;
                            summary.events += 1;
                            out.push(self.header, (id, record.at), begin);
                        }
                        Ok(Fate::Foreign) => summary.foreign += 1,
                        Ok(Fate::Unwanted) => summary.others += 1,
                        Err(cause) => {
                            bytes.truncate(begin);
                            summary.spoil(cause);
                        }
                    }
                }
                Err(error) => summary.spoil(error.into()),
            }
        }
        summary.steps_back = records.steps_back();
        *cursor = records.cursor();
        summary
    }

    /// Appends the event of one record that lies in no page, of the time `at`; `last` is the time of the
    /// event before it, if there is one in the packet. `false` if its type is not traced, or nobody wants
    /// its thread's.
    ///
    /// # Errors
    /// The record cannot be read; nothing was appended.
    pub fn record(
        &self,
        record: &[u8],
        times: (u64, Option<u64>),
        context: &mut dyn EventContext,
        out: &mut Vec<u8>,
    ) -> Result<bool, Spoilt> {
        let begin = out.len();
        let done = self.event(record, times, Some(context), out);
        if done.is_err() {
            out.truncate(begin);
        }
        done.map(|fate| matches!(fate, Fate::Written(_)))
    }

    /// Appends one event, if it is wanted.
    #[inline]
    fn event(
        &self,
        record: &[u8],
        (at, last): (u64, Option<u64>),
        context: Option<&mut (dyn EventContext + '_)>,
        out: &mut Vec<u8>,
    ) -> Result<Fate, Spoilt> {
        let Some(&[low, high]) = record.first_chunk::<2>() else {
            return Err(Spoilt::Short);
        };
        let type_id = usize::from(u16::from_le_bytes([low, high]));
        let Some(place) = self
            .index
            .get(type_id)
            .and_then(|place| place.checked_sub(1))
        else {
            return Ok(Fate::Foreign);
        };
        let (id, plan) = &self.plans[usize::from(place)];
        if !plan.takes(record) {
            return Ok(Fate::Foreign);
        }
        match context {
            None => self.header.write(*id, at, last, out),
            Some(context) => {
                let head = RecordHead::parse(record).ok_or(Spoilt::Short)?;
                if !context.admits(record, head, at) {
                    return Ok(Fate::Unwanted);
                }
                self.header.write(*id, at, last, out);
                context.write(head, at, out);
            }
        }
        match &self.told {
            Some(told) if plan.is_told() => tell(&mut *lock(told), plan, (record, at), out)?,
            _ => plan.run(record, out)?,
        }
        Ok(Fate::Written(*id))
    }
}

fn lock<T: ?Sized>(told: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a plan with what is told of its record.
fn tell(
    told: &mut dyn Told,
    plan: &Plan,
    (record, at): (&[u8], u64),
    out: &mut Vec<u8>,
) -> Result<(), Spoilt> {
    let key = plan.key(record).ok_or(Spoilt::Short)?;
    let mut done = Err(Spoilt::Short);
    told.tell(key, at, &mut |body| {
        done = plan.run_told(record, body, out);
    });
    done
}

impl PageSummary {
    fn spoil(&mut self, cause: Spoilt) {
        self.spoilt += 1;
        self.cause.get_or_insert(cause);
    }
}
