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

use super::plan::Plan;
use crate::sink::{PAGE_LEN, PageHead};

/// The header of programs' events: LTTng-UST's.
pub(crate) const HEADER: EventHeader = EventHeader::Large;

/// Bytes of the cpu number in front of a payload.
pub(super) const CPU_LEN: usize = 4;

const WORD: usize = size_of::<u64>();

/// How many pages are put together at most: a disk is fast in large pieces.
const PAGES: usize = 256;

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

/// Makes event records one behind the other.
#[derive(Debug, Default)]
pub struct Encoder {
    /// The pages, from `base` on; made at the first use.
    room: Vec<u8>,
    base: usize,
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
        if self.room.is_empty() {
            // Past the page cache goes only what lies at a page's begin.
            self.room = vec![0; (PAGES + 2) * PAGE_LEN];
            self.base = self.room.as_ptr().align_offset(PAGE_LEN).min(PAGE_LEN);
        }
        self.head_len = PacketHeader::LEN + context_len;
        self.last = from;
        self.full.clear();
        self.begin_page();
    }

    fn begin_page(&mut self) {
        let page = self.base + self.full.len() * PAGE_LEN;
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
        let room = self.room.get_mut(self.at..).unwrap_or_default();
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
        self.room[self.at..self.page_end].fill(0);
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
        self.events_in(self.full.len()) + self.events
    }

    /// How many events are in the first `pages` pages that get no more.
    pub fn events_in(&self, pages: usize) -> u64 {
        self.full.iter().take(pages).map(|page| page.events).sum()
    }

    /// All pages, their heads and their bytes, with room for one page more.
    pub fn pages(&mut self) -> (Vec<PageHead>, &mut [u8]) {
        self.close_page();
        let heads: Vec<PageHead> = self.full.iter().map(|page| page.head).collect();
        let len = (heads.len() + 1) * PAGE_LEN;
        (heads, &mut self.room[self.base..self.base + len])
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

    fn text() -> Plan {
        Plan::of(Step::Text)
    }

    /// The records of a page, without its head.
    fn records(encoder: &mut Encoder, page: usize) -> Vec<u8> {
        let head_len = encoder.head_len;
        let (heads, bytes) = encoder.pages();
        let page_bytes = &bytes[page * PAGE_LEN..][..PAGE_LEN];
        let content = heads[page].content_bytes as usize;
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
            assert_eq!(records(&mut encoder, 0), expected);
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
        assert_eq!(records(&mut encoder, 0).len(), 14 + 14 + 22);
        assert_eq!(records(&mut encoder, 1).len(), 6 + 495 * 8);
        assert_eq!((encoder.events_in(1), encoder.events()), (3, 4));
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
        let (heads, bytes) = encoder.pages();
        assert_eq!(heads.len(), PAGES);
        assert_eq!(bytes.len(), (PAGES + 1) * PAGE_LEN);
        assert_eq!(bytes.as_ptr().align_offset(PAGE_LEN), 0);
        assert!(heads.is_sorted_by(|a, b| a.end < b.begin));
        encoder.begin(17, 0);
        let body = vec![0; 512].into_iter();
        assert_eq!(encoder.push((1, 1), &[], body, &plan), Pushed::Large);
        assert_eq!(encoder.events(), 0);
    }
}
