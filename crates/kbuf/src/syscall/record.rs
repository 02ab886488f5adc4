//! A record of the program in the kernel.
//!
//! ```text
//!   0      8           16       32     36     40       48          96
//!   | time | tgid, tid | comm   | nr   | side | result | arguments | copies …
//!     u64    tid first   16 B     u32    u8     i64      6 × u64
//!                                        37: compat    38: where stacks begin, in eights, u16; 0: none
//!   copy:    | status i32 | count u32 | bytes, padded to 8 |
//!   stacks:  | kernel's bytes u32 | program's bytes u32 | addresses … | addresses … |
//! ```
//!
//! A status is the number of bytes, or the negative number of an error. Copies that had no room are
//! not there.

use thalweg_model::{FieldClass, Member};

use super::Side;

/// Where a record's parts are, for who writes the program.
#[derive(Clone, Copy, Debug)]
pub struct RecordLayout;

#[allow(missing_docs, reason = "the picture says it")]
impl RecordLayout {
    pub const TIME: i16 = 0;
    pub const IDS: i16 = 8;
    pub const COMM: i16 = 16;
    pub const NUMBER: i16 = 32;
    pub const SIDE: i16 = 36;
    pub const COMPAT: i16 = 37;
    pub const STACKS: i16 = 38;
    pub const RESULT: i16 = 40;
    pub const ARGUMENTS: i16 = 48;
    pub const COPIES: i16 = 96;
    pub const COPY_HEAD: i16 = 8;
    pub const STACKS_HEAD: i16 = 8;
    /// A stack has at most so many bytes: 127 addresses.
    pub const STACK_BYTES: i32 = 1016;
}

const COMM_BYTES: usize = 16;
const ARGUMENTS: usize = 6;

/// What each event says of who made the call.
pub fn syscall_context() -> Vec<Member> {
    vec![
        Member::new("pid", FieldClass::int(32)),
        Member::new("tid", FieldClass::int(32)),
        Member::new("procname", FieldClass::text_array(COMM_BYTES as u64)),
    ]
}

/// A record whose fixed part is there.
#[derive(Clone, Copy, Debug)]
pub struct SyscallRecord<'a> {
    bytes: &'a [u8],
}

/// A copy in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied<'a> {
    /// The number of bytes, or of an error.
    pub(super) status: i32,
    /// How many units, strings or vectors they are.
    pub(super) count: u32,
    pub(super) bytes: &'a [u8],
}

impl<'a> SyscallRecord<'a> {
    /// The record in `bytes`; `None` if they are too few or name no side.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let whole = bytes.len() >= RecordLayout::COPIES as usize;
        let sided = whole && bytes[RecordLayout::SIDE as usize] <= Side::Exit as u8;
        sided.then_some(Self { bytes })
    }

    fn word(&self, at: usize) -> u64 {
        let bytes = self.bytes[at..].first_chunk().expect("in the fixed part");
        u64::from_le_bytes(*bytes)
    }

    fn half(&self, at: usize) -> u32 {
        let bytes = self.bytes[at..].first_chunk().expect("in the fixed part");
        u32::from_le_bytes(*bytes)
    }

    /// When it was written: nanoseconds of the monotonic clock.
    pub fn time_ns(&self) -> u64 {
        self.word(RecordLayout::TIME as usize)
    }

    /// The call's number; negative in what a signal handler returns from.
    pub fn number(&self) -> i32 {
        self.half(RecordLayout::NUMBER as usize).cast_signed()
    }

    /// Entry or exit.
    pub fn side(&self) -> Side {
        match self.bytes[RecordLayout::SIDE as usize] {
            0 => Side::Entry,
            _ => Side::Exit,
        }
    }

    /// Whether a 32-bit program's table gives the number its meaning.
    pub fn is_compat(&self) -> bool {
        self.bytes[RecordLayout::COMPAT as usize] != 0
    }

    pub(super) fn result(&self) -> i64 {
        self.word(RecordLayout::RESULT as usize).cast_signed()
    }

    pub(super) fn argument(&self, index: u8) -> u64 {
        let index = usize::from(index).min(ARGUMENTS - 1);
        self.word(RecordLayout::ARGUMENTS as usize + 8 * index)
    }

    pub(super) fn arguments(&self) -> &'a [u8] {
        &self.bytes[RecordLayout::ARGUMENTS as usize..][..8 * ARGUMENTS]
    }

    /// Appends what [`syscall_context`] declares.
    pub fn encode_context(&self, out: &mut Vec<u8>) {
        let ids = &self.bytes[RecordLayout::IDS as usize..][..8];
        out.extend_from_slice(&ids[4..]);
        out.extend_from_slice(&ids[..4]);
        let name = &self.bytes[RecordLayout::COMM as usize..][..COMM_BYTES];
        let len = name.iter().position(|byte| *byte == 0);
        let begin = out.len();
        out.extend_from_slice(&name[..len.unwrap_or(COMM_BYTES)]);
        out.resize(begin + COMM_BYTES, 0);
    }

    /// Appends the stacks that are wanted, each a sequence behind its length: the kernel's, and the
    /// program's; empty ones, if the record has none.
    pub fn encode_stacks(&self, wanted: [bool; 2], out: &mut Vec<u8>) {
        for (stack, _) in self
            .stacks()
            .iter()
            .zip(wanted)
            .filter(|(_, wanted)| *wanted)
        {
            let count = (stack.len() / 8) as u32;
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(&stack[..count as usize * 8]);
        }
    }

    fn stacks(&self) -> [&'a [u8]; 2] {
        let (at, head) = (
            RecordLayout::STACKS as usize,
            RecordLayout::STACKS_HEAD as usize,
        );
        let begin = usize::from(u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])) * 8;
        let Some(all) = self.bytes.get(begin..).filter(|_| begin != 0) else {
            return [&[]; 2];
        };
        let len = |at: usize| {
            let len = all.get(at..).and_then(<[u8]>::first_chunk);
            len.map_or(0, |len| u32::from_le_bytes(*len) as usize)
        };
        let kernel_end = head.saturating_add(len(0));
        let kernel = all.get(head..kernel_end);
        let user = all.get(kernel_end..kernel_end.saturating_add(len(4)));
        [kernel, user].map(Option::unwrap_or_default)
    }

    /// The copy in this place; `None` if it is not there.
    pub(super) fn copy(&self, place: usize) -> Option<Copied<'a>> {
        let mut rest = &self.bytes[RecordLayout::COPIES as usize..];
        for _ in 0..place {
            let copied = copied(rest)?;
            let len = RecordLayout::COPY_HEAD as usize + copied.bytes.len().next_multiple_of(8);
            rest = rest.get(len..)?;
        }
        copied(rest)
    }
}

fn copied(bytes: &[u8]) -> Option<Copied<'_>> {
    let status = i32::from_le_bytes(*bytes.first_chunk()?);
    let count = u32::from_le_bytes(*bytes[4..].first_chunk()?);
    let len = usize::try_from(status).unwrap_or(0);
    Some(Copied {
        status,
        count,
        bytes: bytes[RecordLayout::COPY_HEAD as usize..].get(..len)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stacks: &[u8], expected: &[u8]) {
        let mut bytes = vec![0; RecordLayout::COPIES as usize];
        bytes[RecordLayout::STACKS as usize] = (RecordLayout::COPIES / 8) as u8;
        bytes.extend_from_slice(stacks);
        let record = SyscallRecord::parse(&bytes).unwrap();
        let mut out = Vec::new();
        record.encode_stacks([true, true], &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn stacks_are_told_as_far_as_they_are_there() {
        let words = |words: &[u64]| -> Vec<u8> {
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        let head = |kernel: u64, user: u64| kernel | user << 32;
        let both = [1_u32, 0].map(u32::to_le_bytes);
        let (one, none) = (both[0], both[1]);
        check(
            &words(&[head(8, 8), 7, 9]),
            &[&one[..], &words(&[7]), &one, &words(&[9])].concat(),
        );
        check(
            &words(&[head(0, 8), 9]),
            &[&none[..], &one, &words(&[9])].concat(),
        );
        check(
            &words(&[head(8, 8), 7]),
            &[&one[..], &words(&[7]), &none].concat(),
        );
        check(
            &words(&[head(u32::MAX.into(), 8), 7]),
            &[none, none].concat(),
        );
        check(&[], &[none, none].concat());
    }
}
