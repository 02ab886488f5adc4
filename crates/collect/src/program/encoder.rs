//! Event records in pages that are each to be a packet, put together in memory that is used again.
//!
//! ```text
//!   | head | record | record | … |0| head | record | … |0| head | record |  …  | room for one page |
//!   ◀────────── page ────────────▶ ◀────── page ───────▶
//! ```
//!
//! Invariant: each word of a body that is kept was loaded once; what is checked is that copy.

use thalweg_ctf::write::{EventHeader, HEADER_ROOM, PacketHeader};
use thalweg_model::Timestamp;
use thalweg_ring::Run;

use super::plan::Plan;
use crate::sink::{PAGE_LEN, PageHead, Pages};

/// The header of programs' events: LTTng-UST's.
pub(crate) const HEADER: EventHeader = EventHeader::Large;

/// Bytes of the cpu number in front of a payload.
pub(crate) const CPU_LEN: usize = 4;

const WORD: usize = size_of::<u64>();

/// How many pages are put together at most: a disk is fast in large pieces.
const PAGES: usize = 128;

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is in a page.
    Taken,
    /// Another page was begun: it is to be pushed again.
    Again,
    /// It is not what was declared, or too old.
    Bad,
    /// There are as many pages as there is room for: they have to go first.
    Full,
    /// No page can hold it.
    Large,
}

/// A page with records.
#[derive(Clone, Copy, Debug)]
struct Page {
    head: PageHead,
    events: u64,
}

/// What a run of records of one class needs to know of it.
#[derive(Clone, Copy)]
struct Class<'p> {
    id: u32,
    /// Bytes of a body, if all have as many.
    fixed_len: Option<usize>,
    plan: &'p Plan,
}

impl<'p> Class<'p> {
    fn new(id: u32, plan: &'p Plan) -> Self {
        let fixed_len = plan.fixed_len().and_then(|len| len.checked_add(CPU_LEN));
        Self {
            id,
            fixed_len,
            plan,
        }
    }
}

/// Pages that get no more records.
#[derive(Debug)]
pub struct Full {
    /// A head each.
    pub heads: Vec<PageHead>,
    /// How many events are in each.
    pub events: Vec<u64>,
    /// The pages themselves, and at least one more.
    pub pages: Pages,
}

/// Makes event records one behind the other.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The pages; made at the first use.
    pages: Pages,
    /// Others, which came back.
    spare: Option<Pages>,
    /// Bytes of a page's head.
    head_len: usize,
    /// Pages that get no more records.
    full: Vec<Page>,
    /// Where the next record goes, and where the page ends.
    at: usize,
    page_end: usize,
    /// Events of the page, and the time of the first.
    events: u64,
    begin: u64,
    /// The time of the last event, or before which none may be.
    last: u64,
}

impl Encoder {
    /// Begins anew, with pages whose packet context has so many bytes; no event is older than
    /// `from`.
    pub fn begin(&mut self, context_len: usize, from: u64) {
        if self.pages.count() == 0 {
            self.pages = self.spare.take().unwrap_or_else(|| Pages::new(PAGES + 1));
        }
        self.head_len = PacketHeader::LEN + context_len;
        self.last = from;
        self.full.clear();
        self.begin_page();
    }

    fn begin_page(&mut self) {
        let page = self.pages.begin_of(self.full.len());
        self.at = page + self.head_len;
        self.page_end = page + PAGE_LEN;
        self.events = 0;
    }

    /// Appends the event `id` at `time`, with `context` behind its header, if it is not older than
    /// the last one and `body` is a cpu number and a payload as `plan` says, and as few words as
    /// hold them.
    #[inline(always)]
    pub fn push(
        &mut self,
        (id, time): (u32, u64),
        context: &[u8],
        body: impl ExactSizeIterator<Item = u64>,
        plan: &Plan,
    ) -> Pushed {
        let given = body.len() * WORD;
        let most = HEADER_ROOM + context.len() + given;
        if most > self.page_end - self.at {
            return self.turn_page();
        }
        let room = self.pages.bytes_mut().get_mut(self.at..);
        let room = room.unwrap_or_default();
        let Some(header) = room.first_chunk_mut() else {
            return Pushed::Bad;
        };
        let previous = if self.events == 0 { time } else { self.last };
        let mut len = HEADER.put((id, Timestamp(time)), Timestamp(previous), header);
        if !context.is_empty() {
            room[len..len + context.len()].copy_from_slice(context);
            len += context.len();
        }
        let Some(copy) = room.get_mut(len..len + given) else {
            return Pushed::Bad;
        };
        for (to, word) in copy.chunks_exact_mut(WORD).zip(body) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        let Some(body_len) = body_len(copy, plan).filter(|_| time >= self.last) else {
            return Pushed::Bad;
        };
        if self.events == 0 {
            self.begin = time;
        }
        self.events += 1;
        self.last = time;
        self.at += len + body_len;
        Pushed::Taken
    }

    /// Appends the next records of a run, as many as are as most are: their class is known, they
    /// are what was declared, not the first of their page, soon after the one before, and there is
    /// room for them. The others are left to [`push`](Self::push).
    ///
    /// All that changes with each record is at hand here: this is where a collector spends its time.
    pub fn push_run<'p>(
        &mut self,
        run: &mut Run<'_>,
        context: &[u8],
        class_of: impl Fn(u16) -> Option<(u32, &'p Plan)>,
    ) {
        if self.events == 0 {
            return;
        }
        let room = self.pages.bytes_mut();
        let room = room.get_mut(..self.page_end).unwrap_or_default();
        let (mut at, mut events, mut last) = (self.at, self.events, self.last);
        let mut known: Option<(u16, Class<'p>)> = None;
        while let Some(usual) = run.peek() {
            let class = match known {
                Some((site, class)) if site == usual.site => class,
                _ => match class_of(usual.site) {
                    Some((id, plan)) => Class::new(id, plan),
                    None => break,
                },
            };
            known = Some((usual.site, class));
            let body = usual.body();
            let given = body.len() * WORD;
            let most = HEADER_ROOM + context.len() + given;
            let Some(room) = room.get_mut(at..).and_then(|room| room.get_mut(..most)) else {
                break;
            };
            if HEADER.is_extended(class.id, Timestamp(usual.time), Timestamp(last)) {
                break;
            }
            let Some(header) = room.first_chunk_mut() else {
                break;
            };
            let mut len = HEADER.put_short(class.id, Timestamp(usual.time), header);
            if !context.is_empty() {
                room[len..len + context.len()].copy_from_slice(context);
                len += context.len();
            }
            let copy = &mut room[len..len + given];
            for (to, word) in copy.chunks_exact_mut(WORD).zip(body) {
                to.copy_from_slice(&word.to_le_bytes());
            }
            let body_len = match class.fixed_len {
                Some(fixed) if given.wrapping_sub(fixed) < WORD => fixed,
                Some(_) => break,
                None => match body_len(copy, class.plan) {
                    Some(len) => len,
                    None => break,
                },
            };
            at += len + body_len;
            events += 1;
            last = usual.time;
            run.pass(&usual);
        }
        (self.at, self.events, self.last) = (at, events, last);
    }

    /// Begins another page for what the page has no room for.
    #[cold]
    #[inline(never)]
    fn turn_page(&mut self) -> Pushed {
        if self.events == 0 {
            return Pushed::Large;
        }
        if self.full.len() + 1 == PAGES {
            return Pushed::Full;
        }
        self.close_page();
        Pushed::Again
    }

    /// Gives the page no more records, and zeros behind them.
    fn close_page(&mut self) {
        if self.events == 0 {
            return;
        }
        self.pages.bytes_mut()[self.at..self.page_end].fill(0);
        let page_begin = self.page_end - PAGE_LEN;
        self.full.push(Page {
            head: PageHead {
                begin: Timestamp(self.begin),
                end: Timestamp(self.last),
                content_bytes: (self.at - page_begin) as u64,
            },
            events: self.events,
        });
        self.begin_page();
    }

    /// How many events are in all pages.
    pub fn events(&self) -> u64 {
        let full: u64 = self.full.iter().map(|page| page.events).sum();
        full + self.events
    }

    /// Gives all pages away, with how many events are in each and room for one page more; `None` if
    /// there are none. The encoder is to [begin](Self::begin) anew.
    pub fn take(&mut self) -> Option<Full> {
        self.close_page();
        if self.full.is_empty() {
            return None;
        }
        Some(Full {
            heads: self.full.iter().map(|page| page.head).collect(),
            events: self.full.iter().map(|page| page.events).collect(),
            pages: std::mem::take(&mut self.pages),
        })
    }

    /// Takes memory back that was given away.
    pub fn give_back(&mut self, pages: Pages) {
        if pages.count() > 0 {
            self.spare = Some(pages);
        }
    }

    /// The time of the last event, or before which none may be.
    pub fn last(&self) -> u64 {
        self.last
    }
}

/// How many of the bytes are a cpu number and a payload as `plan` says, if they are the least words
/// that hold them.
#[inline]
fn body_len(bytes: &[u8], plan: &Plan) -> Option<usize> {
    let payload = bytes.get(CPU_LEN..)?;
    let len = plan.measure(payload)? + CPU_LEN;
    (bytes.len() - len < WORD).then_some(len)
}

/// An event as the only record of a packet, if `body` is as for [`Encoder::push`].
pub(crate) fn encode_one(
    (id, time): (u32, u64),
    context: &[u8],
    body: impl ExactSizeIterator<Item = u64>,
    plan: &Plan,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    HEADER.encode(id, Timestamp(time), Timestamp(time), &mut out);
    out.extend_from_slice(context);
    let at = out.len();
    out.extend(body.flat_map(u64::to_le_bytes));
    let len = body_len(&out[at..], plan)?;
    out.truncate(at + len);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Step;
    use std::sync::atomic::Ordering::Relaxed;
    use thalweg_abi::record::{COMMITTED, Mark};
    use thalweg_ring::{AtomicU64, Parts, Slot, UNIT_WORDS, Walk};

    fn text() -> Plan {
        Plan::of(Step::Text)
    }

    /// The records of a page, without its head.
    fn records(full: &Full, head_len: usize, page: usize) -> Vec<u8> {
        let page_bytes = &full.pages.first(page + 1)[page * PAGE_LEN..];
        let content = full.heads[page].content_bytes as usize;
        assert!(
            page_bytes[content..].iter().all(|byte| *byte == 0),
            "padding"
        );
        page_bytes[head_len..content].to_vec()
    }

    #[track_caller]
    fn check(words: &[u64], plan: &Plan, expected: Option<&[u8]>) {
        let mut encoder = Encoder::default();
        encoder.begin(3, 5);
        let pushed = encoder.push((7, 5), b"xy", words.iter().copied(), plan);
        let expected_push = expected.map_or(Pushed::Bad, |_| Pushed::Taken);
        assert_eq!(pushed, expected_push);
        assert_eq!(encoder.events(), u64::from(expected.is_some()));
        if let Some(expected) = expected {
            let full = encoder.take().unwrap();
            assert_eq!(records(&full, encoder.head_len, 0), expected);
        }
        let one = encode_one((7, 5), b"xy", words.iter().copied(), plan);
        assert_eq!(one.as_deref(), expected);
    }

    #[test]
    fn an_event_is_its_header_its_context_and_its_body() {
        let word = u64::from_le_bytes(*b"CPU0ab\0\0");
        let expected = b"\x07\0\x05\0\0\0xyCPU0ab\0";
        check(&[word], &text(), Some(expected));
        let none = Plan::default();
        check(&[word], &none, Some(b"\x07\0\x05\0\0\0xyCPU0"));
    }

    #[test]
    fn a_body_that_is_not_what_was_declared_is_none() {
        let word = u64::from_le_bytes(*b"CPU0abcd");
        check(&[word], &text(), None);
        check(&[], &Plan::default(), None);
        check(&[word, 0], &Plan::default(), None);
        check(&[word], &Plan::of(Step::Bytes(5)), None);
    }

    #[test]
    fn time_does_not_go_back() {
        let mut encoder = Encoder::default();
        encoder.begin(0, 7);
        let mut push =
            |time| encoder.push((1, time), &[], [0].into_iter(), &Plan::of(Step::Bytes(4)));
        let pushed = [6, 7, 9, 8, 9].map(&mut push);
        use Pushed::{Bad, Taken};
        assert_eq!(pushed, [Bad, Taken, Taken, Bad, Taken]);
    }

    #[test]
    fn a_long_gap_takes_a_long_header_and_the_first_of_a_page_a_short_one() {
        let mut encoder = Encoder::default();
        encoder.begin(0, 0);
        let mut push = |time, words: usize| {
            let plan = Plan::of(Step::Bytes(words * 8 - 4));
            let body = || vec![0; words].into_iter();
            let mut pushed = encoder.push((1, time), &[], body(), &plan);
            if pushed == Pushed::Again {
                pushed = encoder.push((1, time), &[], body(), &plan);
            }
            assert_eq!(pushed, Pushed::Taken);
        };
        push(1, 1);
        push(2, 1);
        push(1 << 40, 1);
        push(1 << 50, 495);
        assert_eq!(encoder.events(), 4);
        let full = encoder.take().unwrap();
        let lens = [0, 1].map(|page| records(&full, encoder.head_len, page).len());
        assert_eq!(lens, [14 + 14 + 22, 6 + 495 * 8]);
        assert_eq!(full.events, [3, 1]);
    }

    /// A chunk with an event of each of these times and words, the first of which begins it.
    fn chunk(words: &[AtomicU64], events: &[(u64, &[u64])]) {
        let mut at = thalweg_abi::chunk::FIRST;
        words[thalweg_abi::chunk::BEGIN].store(events[0].0, Relaxed);
        for (time, body) in events {
            let mark = Mark {
                state: COMMITTED,
                words: body.len() as u16 + 1,
                site: 0,
                extended: false,
                time_low: *time as u32,
            };
            words[at].store(mark.pack(), Relaxed);
            for (to, word) in words[at + 1..].iter().zip(*body) {
                to.store(*word, Relaxed);
            }
            at += body.len() + 1;
        }
    }

    #[test]
    fn a_run_s_records_are_as_if_pushed_one_by_one() {
        let word = u64::from_le_bytes(*b"CPU0ab\0\0");
        let bad = u64::from_le_bytes(*b"CPU0abcd");
        let table = |len: usize| (0..len).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let tables = [table(64), table(8), table(1), table(64), table(UNIT_WORDS)];
        let slot = Slot::from_parts(Parts {
            control: &tables[0],
            masks: &tables[1],
            descs: &tables[2],
            lost: &tables[3],
            chunks: &tables[4],
        });
        slot.control(thalweg_abi::slot::UNITS_READY)
            .store(1, Relaxed);
        let gap = 9 + (1 << 27);
        let events: [(u64, &[u64]); 6] = [
            (5, &[word]),
            (7, &[word]),
            (9, &[word]),
            (gap, &[word]),
            (gap + 1, &[word]),
            (gap + 2, &[bad]),
        ];
        chunk(&tables[4], &events);
        let plan = text();
        let mut by_runs = Encoder::default();
        let mut one_by_one = Encoder::default();
        by_runs.begin(3, 0);
        one_by_one.begin(3, 0);
        let mut walk = Walk::new(slot, 0, 0, false);
        let mut in_runs = Vec::new();
        loop {
            let (mut run, before) = (walk.run(u64::MAX), by_runs.events());
            by_runs.push_run(&mut run, b"xy", |site| (site == 0).then_some((7, &plan)));
            walk.go_on_behind(&run);
            in_runs.push(by_runs.events() - before);
            let Ok(found) = walk.find(u64::MAX, UNIT_WORDS) else {
                break;
            };
            by_runs.push((7, found.time), b"xy", walk.body(&found), &plan);
        }
        for (time, body) in events {
            one_by_one.push((7, time), b"xy", body.iter().copied(), &plan);
        }
        assert_eq!(
            in_runs,
            [0, 2, 1, 0],
            "the first, the late and the bad are left"
        );
        assert_eq!((by_runs.events(), by_runs.last()), (5, gap + 1));
        let bytes = |encoder: &mut Encoder| records(&encoder.take().unwrap(), encoder.head_len, 0);
        assert_eq!(bytes(&mut by_runs), bytes(&mut one_by_one));
    }

    #[test]
    fn pages_lie_at_page_boundaries_and_there_are_no_more_than_room_for() {
        let mut encoder = Encoder::default();
        encoder.begin(17, 0);
        let plan = Plan::of(Step::Bytes(2_996));
        let mut pushed = Vec::new();
        while pushed.last() != Some(&Pushed::Full) {
            let body = vec![0; 375].into_iter();
            pushed.push(encoder.push((1, pushed.len() as u64), &[], body, &plan));
        }
        pushed.retain(|pushed| *pushed != Pushed::Again);
        assert_eq!(pushed.len(), PAGES + 1);
        let Full { heads, pages, .. } = encoder.take().unwrap();
        assert_eq!((heads.len(), pages.count()), (PAGES, PAGES + 1));
        assert_eq!(pages.first(1).as_ptr().align_offset(PAGE_LEN), 0);
        assert!(heads.is_sorted_by(|a, b| a.end < b.begin));
        encoder.give_back(pages);
        encoder.begin(17, 0);
        let body = vec![0; 512].into_iter();
        assert_eq!(encoder.push((1, 1), &[], body, &plan), Pushed::Large);
        assert_eq!(encoder.events(), 0);
    }
}
