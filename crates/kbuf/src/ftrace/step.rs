//! The steps that only ftrace's own records need.

use super::Symbols;
use crate::page::{u32_at, u64_at};

/// The most callers of one stack: more are no stack.
const MOST_CALLERS: usize = 4096;

/// One step. `at` is an offset in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The name of a function by an address in it.
    Name { at: u16 },
    /// How far one number of 64 bits lies behind another.
    Span { from: u16, to: u16 },
    /// The names of as many callers as the number at `count_at` says, behind a length of 16 bits. The
    /// tracer's own trampoline, from which a stack begins, is no caller.
    Callers { count_at: u16, at: u16 },
    /// The text up to the record's end, without the line's.
    Rest { at: u16 },
}

impl Step {
    /// Where the bytes that it always reads end.
    pub(crate) fn end(self) -> usize {
        let (at, len) = match self {
            Self::Name { at } => (at, 8),
            Self::Span { from, to } => (from.max(to), 8),
            Self::Callers { count_at, at } => {
                return usize::from(at).max(usize::from(count_at) + 4);
            }
            Self::Rest { at } => (at, 0),
        };
        usize::from(at) + len
    }

    /// Appends what it makes of a record that has the bytes it needs.
    pub(crate) fn run(self, record: &[u8], symbols: &Symbols, out: &mut Vec<u8>) {
        match self {
            Self::Name { at } => symbols.write(u64_at(record, usize::from(at)), out),
            Self::Span { from, to } => {
                let begin = u64_at(record, usize::from(from));
                let end = u64_at(record, usize::from(to));
                out.extend_from_slice(&end.saturating_sub(begin).to_le_bytes());
            }
            Self::Callers { count_at, at } => {
                let claimed = u32_at(record, usize::from(count_at)) as usize;
                let (callers, _) = record[usize::from(at)..].as_chunks::<8>();
                let count = claimed.min(callers.len()).min(MOST_CALLERS);
                let mut callers = &callers[..count];
                if let [first, others @ ..] = callers
                    && symbols.name_at(u64::from_le_bytes(*first)).is_none()
                {
                    callers = others;
                }
                out.extend_from_slice(&(callers.len() as u16).to_le_bytes());
                for caller in callers {
                    symbols.write(u64::from_le_bytes(*caller), out);
                }
            }
            Self::Rest { at } => {
                let bytes = &record[usize::from(at)..];
                let end = bytes.iter().position(|&byte| byte == 0);
                let text = &bytes[..end.unwrap_or(bytes.len())];
                out.extend_from_slice(text.strip_suffix(b"\n").unwrap_or(text));
                out.push(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(step: Step, record: &[u8], want: &[u8]) {
        let symbols = Symbols::parse("10 T one\n20 T two\n");
        assert!(record.len() >= step.end());
        let mut out = Vec::new();
        step.run(record, &symbols, &mut out);
        assert_eq!(out, want);
    }

    fn words(words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn functions_have_their_names_and_durations() {
        check(Step::Name { at: 8 }, &words(&[0, 0x21]), b"two\0");
        let from_to = Step::Span { from: 0, to: 8 };
        check(from_to, &words(&[5, 12]), &7_u64.to_le_bytes());
        check(from_to, &words(&[12, 5]), &0_u64.to_le_bytes());
    }

    #[test]
    fn a_stack_has_no_more_callers_than_its_record() {
        let step = Step::Callers { count_at: 0, at: 8 };
        check(step, &words(&[2, 0x10, 0x20]), b"\x02\0one\0two\0");
        check(step, &words(&[1, 0x10, 0x20]), b"\x01\0one\0");
        check(step, &words(&[u64::MAX, 0x10]), b"\x01\0one\0");
        check(step, &words(&[3, 7, 0x10, 0x20]), b"\x02\0one\0two\0");
        check(step, &words(&[9]), b"\0\0");
    }

    #[test]
    fn a_text_ends_with_its_line_or_its_record() {
        let step = Step::Rest { at: 1 };
        check(step, b"-a b\n\0\0", b"a b\0");
        check(step, b"-abc", b"abc\0");
        check(step, b"-", b"\0");
    }
}
