//! What the programs write of a thread.
//!
//! ```text
//!   0      4     8      16     20     24      28       32          48                      112
//!   | kind | tid | time | pid  | ppid | level | pid ns | name: 16  | numbers: 4 × (i32, …) |
//! ```
//!
//! Of a rename only the name counts, of an end neither. Numbers are those of the thread in each pid
//! namespace from the first down to its own, whose place is `level`.

/// What happened to the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Change {
    Begin = 1,
    Rename = 2,
    End = 3,
}

/// Where things are.
pub(super) const KIND: i16 = 0;
pub(super) const TID: i16 = 4;
pub(super) const TIME: i16 = 8;
pub(super) const PID: i16 = 16;
pub(super) const PPID: i16 = 20;
pub(super) const LEVEL: i16 = 24;
pub(super) const NAMESPACE: i16 = 28;
pub(super) const NAME: i16 = 32;
pub(super) const NUMBERS: i16 = 48;
/// Namespaces within one another that are looked at, and what the kernel keeps of each.
pub(super) const LEVELS: i16 = 4;
pub(super) const NUMBER_BYTES: i16 = 16;
pub(super) const BYTES: i16 = NUMBERS + LEVELS * NUMBER_BYTES;

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TaskRecord {
    pub(super) change: Change,
    pub(super) tid: u32,
    pub(super) time_ns: u64,
    pub(super) pid: i32,
    pub(super) ppid: i32,
    pub(super) namespace: u32,
    pub(super) vtid: i32,
    pub(super) name: [u8; 16],
}

impl TaskRecord {
    /// Reads a record; `None` if it is none.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<{ BYTES as usize }>()?;
        let word = |at: i16| {
            let at = at as usize;
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let change = match word(KIND) {
            1 => Change::Begin,
            2 => Change::Rename,
            3 => Change::End,
            _ => return None,
        };
        let level = i16::try_from(word(LEVEL)).ok().filter(|at| *at < LEVELS);
        let vtid = level.map_or(0, |at| word(NUMBERS + at * NUMBER_BYTES));
        let mut name: [u8; 16] = *bytes[NAME as usize..].first_chunk()?;
        name[15] = 0;
        Some(Self {
            change,
            tid: word(TID),
            time_ns: u64::from(word(TIME)) | u64::from(word(TIME + 4)) << 32,
            pid: word(PID).cast_signed(),
            ppid: word(PPID).cast_signed(),
            namespace: word(NAMESPACE),
            vtid: vtid.cast_signed(),
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_the_number_in_the_innermost_namespace() {
        let mut bytes = [0; BYTES as usize];
        let mut put = |at: i16, value: u32| {
            bytes[at as usize..][..4].copy_from_slice(&value.to_ne_bytes());
        };
        put(KIND, 1);
        put(TID, 70);
        put(TIME + 4, 1);
        put(LEVEL, 1);
        put(NUMBERS, 70);
        put(NUMBERS + NUMBER_BYTES, 2);
        bytes[NAME as usize..][..16].copy_from_slice(&[b'x'; 16]);
        let record = TaskRecord::parse(&bytes).unwrap();
        assert_eq!((record.tid, record.vtid), (70, 2));
        assert_eq!(record.time_ns, 1 << 32);
        assert_eq!(record.name[14..], [b'x', 0]);
        bytes[LEVEL as usize] = 9;
        assert_eq!(TaskRecord::parse(&bytes).unwrap().vtid, 0, "too deep");
        bytes[0] = 4;
        assert_eq!(TaskRecord::parse(&bytes), None);
        assert_eq!(TaskRecord::parse(&bytes[1..]), None);
    }
}
