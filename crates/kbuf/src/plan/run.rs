//! Runs a plan over a record.

use super::{Op, Plan};
use crate::ftrace::Symbols;
use crate::page::u32_at;
use crate::transcode::Spoilt;

impl Plan {
    /// Appends the payload of `record` to `out`. After an error `out` may hold a part of it: the
    /// caller takes that back.
    #[inline]
    pub(crate) fn run(&self, record: &[u8], out: &mut Vec<u8>) -> Result<(), Spoilt> {
        if record.len() < self.need {
            return Err(Spoilt::Short);
        }
        for op in &self.ops {
            op.run(record, &self.symbols, out)?;
        }
        Ok(())
    }

    /// The same, with what is told beside the record.
    pub(crate) fn run_told(
        &self,
        record: &[u8],
        told: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Spoilt> {
        if record.len() < self.need {
            return Err(Spoilt::Short);
        }
        for op in &self.ops {
            match op {
                Op::Told(step) => step.run(told, out),
                op => op.run(record, &self.symbols, out)?,
            }
        }
        Ok(())
    }
}

impl Op {
    #[inline]
    fn run(self, record: &[u8], symbols: &Symbols, out: &mut Vec<u8>) -> Result<(), Spoilt> {
        match self {
            Self::Copy { at, len } => copy(&record[usize::from(at)..][..usize::from(len)], out),
            Self::Add { at, add } => {
                let value = u32_at(record, usize::from(at)).wrapping_add_signed(add);
                out.extend_from_slice(&value.to_le_bytes());
            }
            Self::Widen {
                at,
                from,
                signed,
                to,
            } => {
                let bytes = &record[usize::from(at)..][..usize::from(from)];
                widen(bytes, signed, usize::from(to), out);
            }
            Self::Swap { at, len } => {
                out.extend(record[usize::from(at)..][..usize::from(len)].iter().rev());
            }
            Self::String { at, rel } => {
                out.extend_from_slice(text(located(record, at, rel)?));
                out.push(0);
            }
            Self::FixedString { at, len } => {
                out.extend_from_slice(text(&record[usize::from(at)..][..usize::from(len)]));
                out.push(0);
            }
            Self::Text { at, rel, len } => {
                let bytes = text(located(record, at, rel)?);
                let end = out.len() + usize::from(len);
                // The room's last byte stays NUL, as the kernel keeps it.
                out.extend_from_slice(
                    &bytes[..bytes.len().min(usize::from(len).saturating_sub(1))],
                );
                out.resize(end, 0);
            }
            Self::Sequence {
                at,
                rel,
                element,
                length,
            } => {
                let bytes = located(record, at, rel)?;
                sequence(bytes, usize::from(element), usize::from(length), out);
            }
            Self::Cap { at } => {
                out.push(u8::try_from(u32_at(record, usize::from(at))).unwrap_or(u8::MAX));
            }
            Self::Bytes { len_at, at } => {
                let len = u32_at(record, usize::from(len_at)).min(8);
                out.extend_from_slice(&len.to_le_bytes());
                out.extend_from_slice(&record[usize::from(at)..][..len as usize]);
            }
            Self::Rwbs { at, len } => {
                let flags = rwbs(text(&record[usize::from(at)..][..usize::from(len)]));
                out.extend_from_slice(&flags.to_le_bytes());
            }
            Self::Tracer(step) => step.run(record, symbols, out),
            Self::Told(step) => step.run(&[], out),
        }
        Ok(())
    }
}

/// Short copies of a length known here are a load and a store; others call `memcpy`.
#[inline]
fn copy(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes.len() {
        1 => out.push(bytes[0]),
        2 => out.extend_from_slice(&bytes[..2]),
        4 => out.extend_from_slice(&bytes[..4]),
        8 => out.extend_from_slice(&bytes[..8]),
        16 => out.extend_from_slice(&bytes[..16]),
        20 => out.extend_from_slice(&bytes[..20]),
        24 => out.extend_from_slice(&bytes[..24]),
        _ => out.extend_from_slice(bytes),
    }
}

/// As many whole elements as there are, behind their number.
fn sequence(bytes: &[u8], element: usize, length: usize, out: &mut Vec<u8>) {
    let count = bytes.len() / element.max(1);
    widen(&(count as u32).to_le_bytes(), false, length, out);
    out.extend_from_slice(&bytes[..count * element]);
}

/// Little-endian `bytes` in `to` bytes.
fn widen(bytes: &[u8], signed: bool, to: usize, out: &mut Vec<u8>) {
    let negative = signed && bytes.last().is_some_and(|&byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    let have = bytes.len().min(8);
    wide[..have].copy_from_slice(&bytes[..have]);
    out.extend_from_slice(&wide[..to.min(8)]);
}

/// The bytes that the location word at `at` points to.
#[inline]
pub(crate) fn located(record: &[u8], at: u16, rel: bool) -> Result<&[u8], Spoilt> {
    let at = usize::from(at);
    let word = u32_at(record, at);
    let (offset, len) = ((word & 0xffff) as usize, (word >> 16) as usize);
    let begin = if rel { at + 4 + offset } else { offset };
    record.get(begin..begin + len).ok_or(Spoilt::Location)
}

/// Bytes up to the first NUL.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> &[u8] {
    bytes
        .iter()
        .position(|&byte| byte == 0)
        .map_or(bytes, |end| &bytes[..end])
}

/// LTTng's flags for the letters of the kernel's `rwbs`: an `F` before the operation is a flush
/// ahead of it, one behind it forces the unit's access.
fn rwbs(letters: &[u8]) -> u32 {
    const WRITE: u32 = 1 << 0;
    const DISCARD: u32 = 1 << 1;
    const READ: u32 = 1 << 2;
    const RAHEAD: u32 = 1 << 3;
    const SYNC: u32 = 1 << 5;
    const META: u32 = 1 << 6;
    const SECURE: u32 = 1 << 7;
    const FLUSH: u32 = 1 << 8;
    const FUA: u32 = 1 << 9;
    const PREFLUSH: u32 = 1 << 10;
    let (preflush, rest) = match letters {
        [b'F', rest @ ..] if rest.first().is_some_and(|c| b"WDRNF".contains(c)) => (PREFLUSH, rest),
        _ => (0, letters),
    };
    let (operation, modifiers) = match rest {
        [b'D', b'E', rest @ ..] => (DISCARD | SECURE, rest),
        [b'W', rest @ ..] => (WRITE, rest),
        [b'D', rest @ ..] => (DISCARD, rest),
        [b'R', rest @ ..] => (READ, rest),
        [b'F', rest @ ..] => (FLUSH, rest),
        [_, rest @ ..] => (0, rest),
        [] => (0, rest),
    };
    modifiers
        .iter()
        .fold(preflush | operation, |flags, letter| {
            flags
                | match letter {
                    b'F' => FUA,
                    b'A' => RAHEAD,
                    b'S' => SYNC,
                    b'M' => META,
                    b'E' => SECURE,
                    _ => 0,
                }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanBuilder;

    fn run(op: Op, record: &[u8]) -> Result<Vec<u8>, Spoilt> {
        let mut plan = PlanBuilder::default();
        plan.push(op);
        let mut out = Vec::new();
        plan.finish().run(record, &mut out).map(|()| out)
    }

    #[track_caller]
    fn check(op: Op, record: &[u8], want: &[u8]) {
        assert_eq!(run(op, record).as_deref(), Ok(want), "{op:?}");
    }

    #[test]
    fn every_step_writes_what_it_says() {
        let record = [1, 2, 3, 4, 0xf0, 0xff, 7, 8];
        check(Op::Copy { at: 1, len: 3 }, &record, &[2, 3, 4]);
        check(
            Op::Widen {
                at: 4,
                from: 2,
                signed: true,
                to: 4,
            },
            &record,
            &[0xf0, 0xff, 0xff, 0xff],
        );
        check(
            Op::Widen {
                at: 4,
                from: 2,
                signed: false,
                to: 4,
            },
            &record,
            &[0xf0, 0xff, 0, 0],
        );
        check(
            Op::Add { at: 0, add: -100 },
            &20_u32.to_le_bytes(),
            &(-80_i32).to_le_bytes(),
        );
        check(Op::Swap { at: 0, len: 2 }, &record, &[2, 1]);
        check(Op::Cap { at: 0 }, &255_u32.to_le_bytes(), &[255]);
        check(Op::Cap { at: 0 }, &0x0001_0002_u32.to_le_bytes(), &[255]);
        let eight = [2, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9, 9, 9, 9, 9, 9];
        check(Op::Bytes { len_at: 0, at: 8 }, &eight, &[2, 0, 0, 0, 7, 8]);
        let more = [[0xff; 8], [1; 8]].concat();
        check(
            Op::Bytes { len_at: 0, at: 8 },
            &more,
            &[8, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1],
        );
        check(Op::FixedString { at: 0, len: 4 }, b"ab\0c", b"ab\0");
        check(Op::FixedString { at: 0, len: 4 }, b"abcd", b"abcd\0");
    }

    #[test]
    fn what_lies_elsewhere_is_found() {
        let record = [8, 0, 3, 0, 4, 0, 3, 0, b'h', b'i', 0, b'!'];
        check(Op::String { at: 0, rel: false }, &record, b"hi\0");
        check(
            Op::String { at: 4, rel: true },
            &[0, 0, 0, 0, 1, 0, 3, 0, 9, b'h', b'i', 0],
            b"hi\0",
        );
        check(
            Op::Text {
                at: 0,
                rel: false,
                len: 4,
            },
            &record,
            b"hi\0\0",
        );
        check(
            Op::Text {
                at: 0,
                rel: false,
                len: 2,
            },
            &record,
            b"h\0",
        );
        let two = [4, 0, 4, 0, 1, 0, 2, 0];
        check(
            Op::Sequence {
                at: 0,
                rel: false,
                element: 2,
                length: 1,
            },
            &two,
            &[2, 1, 0, 2, 0],
        );
    }

    #[test]
    fn what_lies_outside_of_the_record_is_refused() {
        assert_eq!(
            run(Op::String { at: 0, rel: false }, &[8, 0, 3, 0]),
            Err(Spoilt::Location)
        );
        let end = [0xff, 0xff, 0xff, 0xff];
        assert_eq!(
            run(Op::String { at: 0, rel: true }, &end),
            Err(Spoilt::Location)
        );
        assert_eq!(run(Op::Copy { at: 2, len: 4 }, &[0; 5]), Err(Spoilt::Short));
    }

    #[test]
    fn request_letters_become_lttngs_flags() {
        for (letters, flags) in [
            ("", 0),
            ("W", 1),
            ("R", 4),
            ("N", 0),
            ("RA", 4 | 8),
            ("WS", 1 | 32),
            ("WSM", 1 | 32 | 64),
            ("D", 2),
            ("DE", 2 | 128),
            ("F", 256),
            ("FF", 1024 | 256),
            ("FWFS", 1024 | 1 | 512 | 32),
            ("WFS", 1 | 512 | 32),
        ] {
            assert_eq!(rwbs(letters.as_bytes()), flags, "{letters}");
        }
    }
}
