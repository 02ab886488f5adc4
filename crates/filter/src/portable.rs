//! Portable bytecode, read instruction by instruction, and its hex text.
//!
//! Invariant: an instruction that is yielded lies whole within the bytes, its numbers are known
//! ones, and its jump ends at or before their end.

use super::code;
use super::context::Context;
use super::operator::{Arithmetic, Comparison, Logic, Unary};

/// The largest portable bytecode, in bytes.
pub const MAX_LEN: usize = 0xffff;

/// The bytecode of its lower-case hex text, in the first bytes of `out`; `None` if it is no such
/// text or has no room.
pub fn from_hex<'a>(text: &[u8], out: &'a mut [u8]) -> Option<&'a [u8]> {
    let len = text.len() / 2;
    let out = out.get_mut(..len)?;
    if !text.len().is_multiple_of(2) {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(out)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Instruction<'a> {
    Int(i64),
    Float(u64),
    Text(Segments<'a>),
    Field(&'a [u8]),
    Element(&'a [u8], u32),
    Context(Context),
    App(&'a [u8], &'a [u8]),
    Unary(Unary),
    Truth,
    Arithmetic(Arithmetic),
    Comparison(Comparison),
    /// The offset where it jumps to.
    Logic(Logic, usize),
}

/// What stands between the stars of a text; each length is checked already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Segments<'a> {
    pub(crate) count: u16,
    bytes: &'a [u8],
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut reader = Reader {
            bytes: self.bytes,
            at: 0,
        };
        let len = reader.u16()?;
        let segment = reader.take(usize::from(len))?;
        self.bytes = self.bytes.get(reader.at..)?;
        Some(segment)
    }
}

/// Goes through bytecode.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// Offset of the next instruction.
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    /// At the first instruction, if the bytes are of our version and not too many.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let is_ours = bytes.len() <= MAX_LEN && bytes.first() == Some(&code::VERSION);
        is_ours.then_some(Self { bytes, at: 1 })
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The next instruction; `None` if what stands there is none.
    pub(crate) fn next(&mut self) -> Option<Instruction<'a>> {
        let op = self.u8()?;
        Some(match op {
            code::INT => Instruction::Int(self.u64()? as i64),
            code::FLOAT => Instruction::Float(self.u64()?),
            code::TEXT => Instruction::Text(self.segments()?),
            code::FIELD => Instruction::Field(self.name(code::MAX_NAME)?),
            code::ELEMENT => {
                let index = self.u32()?;
                Instruction::Element(self.name(code::MAX_NAME)?, index)
            }
            code::CONTEXT => Instruction::Context(Context::from_code(self.u8()?)?),
            code::APP => {
                let provider = self.name(code::MAX_APP_NAME)?;
                Instruction::App(provider, self.name(code::MAX_APP_NAME)?)
            }
            code::MINUS => Instruction::Unary(Unary::Minus),
            code::NOT => Instruction::Unary(Unary::Not),
            code::BIT_NOT => Instruction::Unary(Unary::BitNot),
            code::TRUTH => Instruction::Truth,
            code::AND => Instruction::Logic(Logic::And, self.target()?),
            code::OR => Instruction::Logic(Logic::Or, self.target()?),
            _ => operator(op)?,
        })
    }

    fn segments(&mut self) -> Option<Segments<'a>> {
        let count = self.u16()?;
        let begin = self.at;
        for _ in 0..count {
            let len = self.u16()?;
            self.take(usize::from(len))?;
        }
        let bytes = self.bytes.get(begin..self.at)?;
        (count > 0).then_some(Segments { count, bytes })
    }

    fn name(&mut self, limit: usize) -> Option<&'a [u8]> {
        let len = usize::from(self.u8()?);
        let name = self.take(len)?;
        (1..=limit).contains(&len).then_some(name)
    }

    fn target(&mut self) -> Option<usize> {
        let distance = usize::from(self.u16()?);
        let target = self.at + distance;
        (distance > 0 && target <= self.bytes.len()).then_some(target)
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

fn operator<'a>(op: u8) -> Option<Instruction<'a>> {
    let arithmetic = op.checked_sub(code::ARITHMETIC).map(usize::from);
    let comparison = op.checked_sub(code::COMPARISON).map(usize::from);
    let arithmetic = arithmetic.and_then(|at| Arithmetic::ALL.get(at));
    let comparison = comparison.and_then(|at| Comparison::ALL.get(at));
    let arithmetic = arithmetic.copied().map(Instruction::Arithmetic);
    arithmetic.or(comparison.copied().map(Instruction::Comparison))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_lower_case_and_fits() {
        let mut out = [0; 3];
        assert_eq!(from_hex(b"00ff7e", &mut out), Some(&[0, 0xff, 0x7e][..]));
        assert_eq!(from_hex(b"", &mut out), Some(&[][..]));
        for bad in ["0", "0g", "FF", "00112233", "0x", " 1"] {
            assert_eq!(from_hex(bad.as_bytes(), &mut out), None, "{bad}");
        }
    }

    #[track_caller]
    fn check_refused(bytes: &[u8]) {
        let mut reader = Reader::new(bytes).expect("the version is ours");
        assert_eq!(reader.next(), None);
    }

    #[test]
    fn an_instruction_that_is_cut_or_unknown_is_refused() {
        check_refused(&[1, code::INT, 0, 0, 0, 0, 0, 0, 0]);
        check_refused(&[1, code::TEXT, 1, 0, 2, 0, b'a']);
        check_refused(&[1, code::TEXT, 0, 0]);
        check_refused(&[1, code::FIELD, 0]);
        check_refused(&[1, code::FIELD, 3, b'a']);
        check_refused(&[1, code::CONTEXT, 99]);
        check_refused(&[1, code::AND, 0, 0]);
        check_refused(&[1, code::AND, 9, 0]);
        check_refused(&[1, 0xff]);
        check_refused(&[1, code::END]);
        check_refused(&[1, code::ARITHMETIC + 10]);
        check_refused(&[1, code::COMPARISON + 6]);
    }

    #[test]
    fn another_version_is_refused() {
        assert!(Reader::new(&[]).is_none());
        assert!(Reader::new(&[2, code::TRUTH]).is_none());
        assert!(Reader::new(&[1; MAX_LEN + 1]).is_none());
    }
}
