//! What the programs write of a thread.
//!
//! ```text
//!   0      4     8      16     20     24      28       32          48                      112
//!   | kind | tid | time | pid  | ppid | level | pid ns | name: 16  | numbers: 4 × (i32, …) |
//! ```
//!
//! Of a rename only the name counts, of an end neither. Numbers are those of the thread in each pid
//! namespace from the first down to its own, whose place is `level`. Where contexts ask for them, the
//! thread's [`Attributes`] follow.

use super::{Attributes, TaskState};

/// What happened to the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Change {
    /// It began.
    Begin = 1,
    /// It has another name.
    Rename = 2,
    /// It ended.
    End = 3,
    /// It has other attributes.
    Attributes = 4,
    /// It has another priority, or nice value.
    Priority = 5,
    /// It has another control group; its process, if `level` is not 0.
    Group = 6,
}

/// Where things are.
#[derive(Clone, Copy, Debug)]
pub struct TaskLayout;

#[allow(missing_docs, reason = "the picture above says it")]
impl TaskLayout {
    pub const KIND: i16 = 0;
    pub const TID: i16 = 4;
    pub const TIME: i16 = 8;
    pub const PID: i16 = 16;
    pub const PPID: i16 = 20;
    pub const LEVEL: i16 = 24;
    pub const NAMESPACE: i16 = 28;
    pub const NAME: i16 = 32;
    pub const NUMBERS: i16 = 48;
    /// Namespaces within one another that are looked at.
    pub const LEVELS: i16 = 4;
    /// What the kernel keeps of each.
    pub const NUMBER_BYTES: i16 = 16;
    pub const BYTES: i16 = Self::NUMBERS + Self::LEVELS * Self::NUMBER_BYTES;
    pub const PRIO: i16 = Self::BYTES;
    pub const STATIC_PRIO: i16 = Self::PRIO + 4;
    pub const CGROUP: i16 = Self::PRIO + 8;
    pub const IDS: i16 = Self::CGROUP + 8;
    pub const ID_BYTES: i16 = 24;
    pub const USER_NAMESPACE: i16 = Self::IDS + Self::ID_BYTES;
    pub const NAMESPACES: i16 = Self::USER_NAMESPACE + 4;
    pub const USERS: i16 = Self::NAMESPACES + 28;
    pub const GROUPS: i16 = Self::USERS + Self::MAP_BYTES;
    pub const MAP_BYTES: i16 = 64;
    pub const RANGE_BYTES: i16 = 60;
    /// With attributes.
    pub const FULL_BYTES: i16 = Self::GROUPS + Self::MAP_BYTES;
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskRecord {
    /// What happened.
    pub change: Change,
    /// To which thread.
    pub tid: u32,
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// What it is since; of a rename the name alone, of an end nothing.
    pub state: TaskState,
    /// Whether the change is that of all threads of the process.
    pub is_of_process: bool,
}

impl TaskRecord {
    /// Reads a record; `None` if it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        const NUMBERS: i16 = TaskLayout::NUMBERS;
        let attributes = Attributes::read(bytes);
        let bytes = bytes.first_chunk::<{ TaskLayout::BYTES as usize }>()?;
        let word = |at: i16| {
            let at = at as usize;
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let change = match word(TaskLayout::KIND) {
            1 => Change::Begin,
            2 => Change::Rename,
            3 => Change::End,
            4 => Change::Attributes,
            5 => Change::Priority,
            6 => Change::Group,
            _ => return None,
        };
        let is_of_process = change == Change::Group && word(TaskLayout::LEVEL) != 0;
        let level = i16::try_from(word(TaskLayout::LEVEL)).ok();
        let level = level.filter(|at| (0..TaskLayout::LEVELS).contains(at));
        let vtid = level.map_or(0, |at| word(NUMBERS + at * TaskLayout::NUMBER_BYTES));
        let mut comm: [u8; 16] = *bytes[TaskLayout::NAME as usize..].first_chunk()?;
        comm[15] = 0;
        let time = [TaskLayout::TIME, TaskLayout::TIME + 4].map(|at| u64::from(word(at)));
        Some(Self {
            change,
            tid: word(TaskLayout::TID),
            time_ns: time[0] | time[1] << 32,
            state: TaskState {
                pid: word(TaskLayout::PID).cast_signed(),
                ppid: word(TaskLayout::PPID).cast_signed(),
                vtid: vtid.cast_signed(),
                namespace: word(TaskLayout::NAMESPACE),
                comm,
                attributes,
            },
            is_of_process,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_the_number_in_the_innermost_namespace() {
        let mut bytes = [0; TaskLayout::BYTES as usize];
        let mut put = |at: i16, value: u32| {
            bytes[at as usize..][..4].copy_from_slice(&value.to_ne_bytes());
        };
        put(TaskLayout::KIND, 1);
        put(TaskLayout::TID, 70);
        put(TaskLayout::TIME + 4, 1);
        put(TaskLayout::LEVEL, 1);
        put(TaskLayout::NUMBERS, 70);
        put(TaskLayout::NUMBERS + TaskLayout::NUMBER_BYTES, 2);
        bytes[TaskLayout::NAME as usize..][..16].copy_from_slice(&[b'x'; 16]);
        let record = TaskRecord::parse(&bytes).unwrap();
        assert_eq!((record.tid, record.state.vtid), (70, 2));
        assert_eq!(record.time_ns, 1 << 32);
        assert_eq!(record.state.comm[14..], [b'x', 0]);
        bytes[TaskLayout::LEVEL as usize] = 9;
        assert_eq!(TaskRecord::parse(&bytes).unwrap().state.vtid, 0, "too deep");
        bytes[0] = 7;
        assert_eq!(TaskRecord::parse(&bytes), None);
        assert_eq!(TaskRecord::parse(&bytes[1..]), None);
    }
}
