//! What the kernel writes into the ring of a perf event.
//!
//! ```text
//!   any      | type: u32 | misc: u16 | size: u16 | …
//!   sample   | id | ip | pid, tid: 2 × u32 | time | period | n | n × address | len: u32 | raw |
//!   others   | their own fields … | pid, tid: 2 × u32 | time | id |
//!   mmap2    | pid, tid | start | length | offset | build id: 24 | prot, flags | name, NUL, … |
//!   comm     | pid, tid | name, NUL, … |
//!   fork, exit   | pid, ppid, tid, ptid: 4 × u32 | time |
//!   lost     | id | count |       (un)throttle   | time | id | stream |
//! ```
//!
//! So they are for events that sample IDENTIFIER, IP, TID, TIME, PERIOD and CALLCHAIN, with
//! `sample_id_all`; RAW stands behind what a sample else has, if it was asked for. With READ the numbers
//! of a group stand before the stack: `| n | n × (value, …) |`.

/// Types of records.
const LOST: u32 = 2;
const COMM: u32 = 3;
const EXIT: u32 = 4;
const THROTTLE: u32 = 5;
const UNTHROTTLE: u32 = 6;
const FORK: u32 = 7;
const SAMPLE: u32 = 9;
const MMAP2: u32 = 10;
const LOST_SAMPLES: u32 = 13;
/// In `misc`: the name is another because another program is executed.
const COMM_EXEC: u16 = 1 << 13;
/// In `misc`: a build id stands where else device and inode are.
const MMAP_BUILD_ID: u16 = 1 << 14;

const HEAD_BYTES: usize = 8;
const TRAILER_BYTES: usize = 24;
const BUILD_ID_BYTES: usize = 20;
const SAMPLE_BYTES: usize = 48;
/// Where the numbers of a group begin.
const READ_AT: usize = 40;
const MAPPING_BYTES: usize = 64;

/// A record's head is none that the kernel writes: what follows cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of {size} bytes at byte {at}")]
pub struct TornRecord {
    /// Where it begins.
    pub at: usize,
    /// How long it says that it is.
    pub size: usize,
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerfRecord<'a> {
    /// Its time, by the clock that the event was given.
    pub time: u64,
    /// The process that was running, as our pid namespace counts.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// Which event it is of.
    pub id: u64,
    /// What it tells.
    pub body: PerfBody<'a>,
}

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are perf's")]
pub enum PerfBody<'a> {
    Sample(PerfSample<'a>),
    Mmap2(PerfMapping<'a>),
    Comm {
        pid: i32,
        tid: i32,
        name: &'a [u8],
        is_exec: bool,
    },
    Fork {
        pid: i32,
        ppid: i32,
        tid: i32,
        ptid: i32,
    },
    Exit {
        pid: i32,
        ppid: i32,
        tid: i32,
        ptid: i32,
    },
    Throttle,
    Unthrottle,
    /// So many records before it found no room.
    Lost(u64),
    /// One of a type that was not asked for.
    Other,
}

/// A sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerfSample<'a> {
    /// Where the processor was.
    pub ip: u64,
    /// How much it stands for.
    pub period: u64,
    /// The numbers of the event's group, so many words for each; none if they were not asked for.
    pub(super) read: (&'a [u8], usize),
    /// Addresses of 8 bytes, with marks between.
    pub(super) stack: &'a [u8],
    /// A tracepoint's record, as tracefs's rings have it; empty if none was asked for.
    pub raw: &'a [u8],
}

/// A part of a file in the memory of a process, that it can execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PerfMapping<'a> {
    pub pid: i32,
    pub tid: i32,
    pub start: u64,
    pub length: u64,
    pub offset: u64,
    /// Empty, if it is not known.
    pub build_id: &'a [u8],
    pub filename: &'a [u8],
}

/// The records in some bytes; what is behind the last whole one is left.
#[derive(Clone, Debug)]
pub struct PerfRecords<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Words for each event of a group; 0 if samples have no numbers of groups.
    words: usize,
}

impl PerfSample<'_> {
    /// The value of an event of the group, in the order in which they were opened.
    pub fn value(&self, place: usize) -> Option<u64> {
        let (bytes, words) = self.read;
        word(bytes, place.checked_mul(8 * words)?)
    }
}

impl<'a> PerfRecords<'a> {
    /// Those in these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self::with_groups(bytes, 0)
    }

    /// The same, whose samples have the numbers of a group, so many words for each event.
    pub const fn with_groups(bytes: &'a [u8], words: usize) -> Self {
        Self {
            bytes,
            at: 0,
            words,
        }
    }

    /// How many bytes the records so far have.
    pub const fn position(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for PerfRecords<'a> {
    type Item = Result<PerfRecord<'a>, TornRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.bytes[self.at..];
        let &[a, b, c, d, e, f, g, h] = rest.first_chunk()?;
        let size = usize::from(u16::from_ne_bytes([g, h]));
        if size < HEAD_BYTES || !size.is_multiple_of(8) {
            let torn = TornRecord { at: self.at, size };
            self.at = self.bytes.len();
            return Some(Err(torn));
        }
        let record = rest.get(HEAD_BYTES..size)?;
        self.at += size;
        let (kind, misc) = (u32::from_ne_bytes([a, b, c, d]), u16::from_ne_bytes([e, f]));
        let parsed = parse(kind, misc, record, self.words);
        Some(parsed.ok_or(TornRecord {
            at: self.at - size,
            size,
        }))
    }
}

fn parse(kind: u32, misc: u16, bytes: &[u8], words: usize) -> Option<PerfRecord<'_>> {
    if kind == SAMPLE {
        return sample(bytes, words);
    }
    let own = bytes.len().checked_sub(TRAILER_BYTES)?;
    let (own, trailer) = bytes.split_at(own);
    let body = match kind {
        MMAP2 => PerfBody::Mmap2(mapping(misc, own)?),
        COMM => PerfBody::Comm {
            pid: int(own, 0)?,
            tid: int(own, 4)?,
            name: text(own.get(8..)?),
            is_exec: misc & COMM_EXEC != 0,
        },
        FORK | EXIT => family(kind, own)?,
        THROTTLE => PerfBody::Throttle,
        UNTHROTTLE => PerfBody::Unthrottle,
        LOST => PerfBody::Lost(word(own, 8)?),
        LOST_SAMPLES => PerfBody::Lost(word(own, 0)?),
        _ => PerfBody::Other,
    };
    Some(PerfRecord {
        pid: int(trailer, 0)?,
        tid: int(trailer, 4)?,
        time: word(trailer, 8)?,
        id: word(trailer, 16)?,
        body,
    })
}

fn sample(bytes: &[u8], words: usize) -> Option<PerfRecord<'_>> {
    let count_at = |at: usize| usize::try_from(word(bytes, at)?).ok();
    let (read, stack_at) = match words {
        0 => (&[][..], SAMPLE_BYTES - 8),
        words => {
            let len = count_at(READ_AT)?.checked_mul(8 * words)?;
            let begin = READ_AT + 8;
            let end = begin.checked_add(len)?;
            (bytes.get(begin..end)?, end)
        }
    };
    let begin = stack_at + 8;
    let end = count_at(stack_at)?.checked_mul(8)?.checked_add(begin)?;
    Some(PerfRecord {
        id: word(bytes, 0)?,
        pid: int(bytes, 16)?,
        tid: int(bytes, 20)?,
        time: word(bytes, 24)?,
        body: PerfBody::Sample(PerfSample {
            ip: word(bytes, 8)?,
            period: word(bytes, 32)?,
            read: (read, words),
            stack: bytes.get(begin..end)?,
            raw: raw(&bytes[end..])?,
        }),
    })
}

/// What stands behind a length; nothing, if there is none.
fn raw(bytes: &[u8]) -> Option<&[u8]> {
    let Some(len) = bytes.first_chunk() else {
        return Some(&[]);
    };
    let len = usize::try_from(u32::from_ne_bytes(*len)).ok()?;
    bytes.get(4..4_usize.checked_add(len)?)
}

fn mapping(misc: u16, own: &[u8]) -> Option<PerfMapping<'_>> {
    let id = own.get(32..56)?;
    let id_len = usize::from(id[0]).min(BUILD_ID_BYTES);
    let build_id = match misc & MMAP_BUILD_ID {
        0 => &[],
        _ => &id[4..4 + id_len],
    };
    Some(PerfMapping {
        pid: int(own, 0)?,
        tid: int(own, 4)?,
        start: word(own, 8)?,
        length: word(own, 16)?,
        offset: word(own, 24)?,
        build_id,
        filename: text(own.get(MAPPING_BYTES..)?),
    })
}

fn family(kind: u32, own: &[u8]) -> Option<PerfBody<'_>> {
    let [pid, ppid, tid, ptid] = [int(own, 0)?, int(own, 4)?, int(own, 8)?, int(own, 12)?];
    Some(match kind {
        FORK => PerfBody::Fork {
            pid,
            ppid,
            tid,
            ptid,
        },
        _ => PerfBody::Exit {
            pid,
            ppid,
            tid,
            ptid,
        },
    })
}

/// What stands before the first NUL.
fn text(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte == 0);
    &bytes[..end.unwrap_or(bytes.len())]
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_ne_bytes(*chunk))
}

fn int(bytes: &[u8], at: usize) -> Option<i32> {
    let chunk = bytes.get(at..)?.first_chunk()?;
    Some(i32::from_ne_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u32, misc: u16, words: &[u64]) -> Vec<u8> {
        let size = 8 + 8 * words.len() as u64;
        let head = u64::from(kind) | u64::from(misc) << 32 | size << 48;
        let all = [&[head], words].concat();
        all.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    const fn pair(low: u32, high: u32) -> u64 {
        low as u64 | (high as u64) << 32
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &str) {
        let records = PerfRecords::new(bytes).map(|record| match record {
            Ok(record) => format!("{record:?}\n"),
            Err(torn) => format!("{torn}\n"),
        });
        assert_eq!(records.collect::<String>(), expected);
    }

    #[test]
    fn each_record_says_when_it_was_and_whose_it_is() {
        let trailer = [pair(7, 8), 900, 3];
        let comm = u64::from_ne_bytes(*b"cat\0xxxx");
        let with = |own: &[u64]| [own, &trailer].concat();
        let bytes = [
            record(
                SAMPLE,
                0,
                &[3, 0xabc, pair(7, 8), 900, 11, 2, 5, 6, 0x0807_0000_0002],
            ),
            record(COMM, COMM_EXEC, &with(&[pair(7, 8), comm])),
            record(FORK, 0, &with(&[pair(9, 7), pair(10, 8), 900])),
            record(LOST, 0, &with(&[3, 17])),
            record(THROTTLE, 0, &with(&[900, 3, 3])),
            record(99, 0, &with(&[])),
        ];
        let head = "PerfRecord { time: 900, pid: 7, tid: 8, id: 3, body: ";
        let bodies = [
            "Sample(PerfSample { ip: 2748, period: 11, read: ([], 0), stack: [5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, \
             0, 0], raw: [7, 8] })",
            "Comm { pid: 7, tid: 8, name: [99, 97, 116], is_exec: true }",
            "Fork { pid: 9, ppid: 7, tid: 10, ptid: 8 }",
            "Lost(17)",
            "Throttle",
            "Other",
        ];
        check(
            &bytes.concat(),
            &bodies.map(|body| format!("{head}{body} }}\n")).concat(),
        );
    }

    #[test]
    fn the_numbers_of_a_group_stand_before_the_stack() {
        let words = [
            3,
            1,
            pair(7, 8),
            900,
            11,
            2,
            21,
            0,
            22,
            0,
            1,
            5,
            0x0807_0000_0002,
        ];
        let bytes = record(SAMPLE, 0, &words);
        let parsed = PerfRecords::with_groups(&bytes, 2).next().unwrap().unwrap();
        let PerfBody::Sample(sample) = parsed.body else {
            panic!("{parsed:?}")
        };
        assert_eq!(
            [0, 1, 2].map(|place| sample.value(place)),
            [Some(21), Some(22), None]
        );
        assert_eq!((sample.stack.len(), sample.raw), (8, &[7, 8][..]));
        let torn = record(SAMPLE, 0, &[3, 1, pair(7, 8), 900, 11, u64::MAX >> 4, 21]);
        assert!(PerfRecords::with_groups(&torn, 2).next().unwrap().is_err());
    }

    #[test]
    fn a_mapping_has_a_build_id_if_the_kernel_says_so() {
        let name = u64::from_ne_bytes(*b"/bin/cat");
        let own = [
            pair(7, 8),
            0x1000,
            0x2000,
            0x3000,
            pair(20, 0x0403_0201),
            u64::MAX,
            u64::MAX,
            0,
            name,
            0,
        ];
        let bytes = |misc| record(MMAP2, misc, &[&own[..], &[pair(7, 8), 900, 3]].concat());
        let mapping_of = |bytes: &[u8]| match PerfRecords::new(bytes).next().unwrap().unwrap().body
        {
            PerfBody::Mmap2(found) => (found.build_id.len(), found.filename.to_vec(), found.offset),
            other => panic!("{other:?}"),
        };
        let expected = |len| (len, b"/bin/cat".to_vec(), 0x3000);
        assert_eq!(mapping_of(&bytes(MMAP_BUILD_ID)), expected(20));
        assert_eq!(mapping_of(&bytes(0)), expected(0));
    }

    #[test]
    fn what_is_not_whole_is_left_and_what_is_torn_is_told() {
        let whole = record(LOST, 0, &[3, 17, pair(7, 8), 900, 3]);
        let mut records = PerfRecords::new(&whole[..whole.len() - 1]);
        assert_eq!(records.next(), None);
        assert_eq!(records.position(), 0);
        check(
            &record(SAMPLE, 0, &[3, 1, 2, 3, 4, u64::MAX]),
            "a record of 56 bytes at byte 0\n",
        );
        check(
            &record(SAMPLE, 0, &[3, 1, 2, 3, 4, 1]),
            "a record of 56 bytes at byte 0\n",
        );
        check(&[0; 32], "a record of 0 bytes at byte 0\n");
    }
}
