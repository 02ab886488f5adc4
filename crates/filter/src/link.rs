//! From portable bytecode to words: names become indexes, jumps become distances in words.
//!
//! ```text
//!   pending:  target ──▶ last jump to it in `out` ──▶ the one before ──▶ 0
//! ```
//!
//! A jump's target is ahead, so that its distance is not known when it is written: until then the
//! word holds where the jump before it stands that has the same target. No memory but `out`.
//!
//! Invariant: what is linked needs no more stack than its head says, each jump ends at an
//! instruction, and the stack there is as high as it would be without the jump.

use core::fmt;

use super::code::{self, head, word};
use super::flat;
use super::operator::{Comparison, Logic, Unary};
use super::portable::{Instruction, Reader, Segments};
use super::simple::Simple;

/// Why bytecode was not linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkError {
    /// It is of another version, or not bytecode at all.
    Foreign,
    /// The instruction at this byte is none, or cannot stand there.
    Malformed {
        /// Its offset.
        at: usize,
    },
    /// The words do not fit.
    NoRoom,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("the filter is of another version"),
            Self::Malformed { at } => write!(f, "no filter has what stands at byte {at}"),
            Self::NoRoom => f.write_str("the filter needs more room than there is"),
        }
    }
}

impl core::error::Error for LinkError {}

/// Links `bytecode` into the first words of `out`, and says how many they are.
///
/// `lookup` gets a field's name and, if an element of it is wanted, which: for `a.b` the name
/// `a.b`, for `a.b[3].c[4]` the name `a.b[3].c` and 4. It gives the field's index, or `None` where
/// there is no such field, a list and no element, or an element beyond a list of fixed length;
/// the whole filter is then false.
pub fn link(
    bytecode: &[u8],
    lookup: impl FnMut(&[u8], Option<u32>) -> Option<u16>,
    out: &mut [u64],
) -> Result<usize, LinkError> {
    let reader = Reader::new(bytecode).ok_or(LinkError::Foreign)?;
    let mut linker = Linker {
        reader,
        lookup,
        out,
        len: 1,
        height: 0,
        depth: 0,
        pending: [Pending::default(); code::MAX_PENDING],
        pending_len: 0,
        is_missing_a_field: false,
        is_flat: true,
        last_comparison: None,
    };
    linker.run()?;
    linker.finish()
}

/// A jump target that is still ahead.
#[derive(Clone, Copy, Default)]
struct Pending {
    /// Offset in the bytecode.
    target: usize,
    /// Height of the stack there.
    height: usize,
    /// Word of the last jump to it.
    jump: u32,
}

struct Linker<'a, L> {
    reader: Reader<'a>,
    lookup: L,
    out: &'a mut [u64],
    /// Words written.
    len: usize,
    height: usize,
    /// The largest height.
    depth: usize,
    pending: [Pending; code::MAX_PENDING],
    pending_len: usize,
    is_missing_a_field: bool,
    /// Whether all instructions so far are of the form that [`flat`] knows.
    is_flat: bool,
    /// Where a comparison stands that was written last, if no jump ends behind it.
    last_comparison: Option<usize>,
}

impl<'a, L: FnMut(&[u8], Option<u32>) -> Option<u16>> Linker<'a, L> {
    fn run(&mut self) -> Result<(), LinkError> {
        while !self.reader.is_at_end() {
            let at = self.reader.at;
            let malformed = LinkError::Malformed { at };
            self.land(at)?.ok_or(malformed)?;
            if let Some((constant, comparison, behind)) = self.comparison_ahead() {
                // The constant is never on the stack, so that it may be full.
                self.height.checked_sub(1).ok_or(malformed)?;
                self.reader = behind;
                self.last_comparison = None;
                let first = word(code::COMPARE_INT, comparison as u8, 0, 0);
                self.put_pair(first, constant as u64)?;
                continue;
            }
            let instruction = self.reader.next().ok_or(malformed)?;
            self.keep_height(instruction).ok_or(malformed)?;
            self.write(instruction)?.ok_or(malformed)?;
        }
        let at = self.reader.at;
        let malformed = LinkError::Malformed { at };
        self.land(at)?.ok_or(malformed)?;
        let is_whole = self.height == 1 && self.pending_len == 0;
        is_whole.then_some(()).ok_or(malformed)?;
        self.put_op(word(code::END, 0, 0, 0))
    }

    /// Gives the jumps that end here their distance; `None` if one ended within an instruction.
    fn land(&mut self, at: usize) -> Result<Option<()>, LinkError> {
        let Some(top) = self.pending_len.checked_sub(1) else {
            return Ok(Some(()));
        };
        let pending = self.pending[top];
        if at < pending.target {
            return Ok(Some(()));
        }
        if at > pending.target || self.height != pending.height {
            return Ok(None);
        }
        self.pending_len = top;
        self.last_comparison = None;
        let mut jump = pending.jump as usize;
        while jump != 0 {
            let place = self.out.get_mut(jump).ok_or(LinkError::NoRoom)?;
            let before = code::operands(*place).2 as usize;
            let is_alone = matches!(*place as u8, code::AND | code::OR);
            let behind = jump + if is_alone { 1 } else { 2 };
            let distance = u32::try_from(self.len - behind).map_err(|_| LinkError::NoRoom)?;
            *place = code::with_c(*place, distance);
            jump = before;
        }
        Ok(Some(()))
    }

    /// Follows what an instruction does to the stack; `None` if it takes more than there is.
    fn keep_height(&mut self, instruction: Instruction<'_>) -> Option<()> {
        let (takes, gives) = match instruction {
            Instruction::Unary(_) | Instruction::Truth => (1, 1),
            Instruction::Arithmetic(_) | Instruction::Comparison(_) => (2, 1),
            Instruction::Logic(..) => (1, 0),
            _ => (0, 1),
        };
        self.height = self.height.checked_sub(takes)? + gives;
        self.depth = self.depth.max(self.height);
        (self.depth <= code::MAX_DEPTH).then_some(())
    }

    fn write(&mut self, instruction: Instruction<'_>) -> Result<Option<()>, LinkError> {
        if let Instruction::Logic(logic, target) = instruction {
            return self.put_jump(logic, target);
        }
        self.last_comparison = None;
        match instruction {
            Instruction::Int(value) => self.put_pair(word(code::INT, 0, 0, 0), value as u64)?,
            Instruction::Float(bits) => self.put_pair(word(code::FLOAT, 0, 0, 0), bits)?,
            Instruction::Text(segments) => self.put_text(segments)?,
            Instruction::Field(name) => self.put_field(name)?,
            Instruction::Element(name, index) => {
                let field = self.index_of(name, Some(index));
                self.put_op(word(code::ELEMENT, 0, field, index))?;
            }
            Instruction::Context(context) => {
                self.put_op(word(code::CONTEXT, context as u8, 0, 0))?;
            }
            Instruction::App(provider, name) => {
                let lens = (provider.len() as u8, name.len() as u16);
                self.put_op(word(code::APP, lens.0, lens.1, 0))?;
                self.put_bytes(provider)?;
                self.put_bytes(name)?;
            }
            Instruction::Unary(Unary::Plus) => {}
            Instruction::Unary(Unary::Minus) => self.put_op(word(code::MINUS, 0, 0, 0))?,
            Instruction::Unary(Unary::Not) => self.put_op(word(code::NOT, 0, 0, 0))?,
            Instruction::Unary(Unary::BitNot) => self.put_op(word(code::BIT_NOT, 0, 0, 0))?,
            Instruction::Truth => self.put_op(word(code::TRUTH, 0, 0, 0))?,
            Instruction::Arithmetic(operator) => {
                self.put_op(word(code::ARITHMETIC + operator as u8, 0, 0, 0))?;
            }
            Instruction::Comparison(comparison) => {
                self.put_op(word(code::COMPARISON + comparison as u8, 0, 0, 0))?;
            }
            Instruction::Logic(..) => {}
        }
        Ok(Some(()))
    }

    /// `None` if the jump is not nested in those that are pending.
    fn put_jump(&mut self, logic: Logic, target: usize) -> Result<Option<()>, LinkError> {
        let last_comparison = self.last_comparison.take();
        let here = last_comparison.unwrap_or(self.len);
        let here = u32::try_from(here).map_err(|_| LinkError::NoRoom)?;
        let height = self.height + 1;
        let top = self.pending_len.checked_sub(1);
        let outer = top.and_then(|top| self.pending.get_mut(top));
        let mut before = 0;
        match outer {
            Some(outer) if outer.target == target && outer.height == height => {
                before = outer.jump;
                outer.jump = here;
            }
            Some(outer) if outer.target <= target => return Ok(None),
            _ => {
                let Some(place) = self.pending.get_mut(self.pending_len) else {
                    return Ok(None);
                };
                *place = Pending {
                    target,
                    height,
                    jump: here,
                };
                self.pending_len += 1;
            }
        }
        let (alone, with_comparison) = match logic {
            Logic::And => (code::AND, code::COMPARE_FIELD_AND),
            Logic::Or => (code::OR, code::COMPARE_FIELD_OR),
        };
        let Some(comparison) = last_comparison else {
            return self.put_op(word(alone, 0, 0, before)).map(Some);
        };
        let place = self.out.get_mut(comparison).ok_or(LinkError::NoRoom)?;
        let (a, b, _) = code::operands(*place);
        *place = word(with_comparison, a, b, before);
        Ok(Some(()))
    }

    /// A field, and with it the comparison with a constant that follows, if one does.
    fn put_field(&mut self, name: &[u8]) -> Result<(), LinkError> {
        let field = self.index_of(name, None);
        if let Some((constant, comparison, behind)) = self.comparison_ahead() {
            self.reader = behind;
            self.last_comparison = Some(self.len);
            let first = word(code::COMPARE_FIELD, comparison as u8, field, 0);
            return self.put_pair(first, constant as u64);
        }
        if let Some((segments, comparison, behind)) = self.text_comparison_ahead() {
            self.reader = behind;
            let head = self.len;
            let first = word(code::COMPARE_TEXT, comparison as u8, field, 0);
            self.put_pair(first, u64::from(segments.count))?;
            return self.put_segments(head, segments);
        }
        self.put_op(word(code::FIELD, 0, field, 0))
    }

    fn text_comparison_ahead(&self) -> Option<(Segments<'a>, Comparison, Reader<'a>)> {
        let mut ahead = self.reader;
        let Instruction::Text(segments) = ahead.next()? else {
            return None;
        };
        let Instruction::Comparison(comparison) = ahead.next()? else {
            return None;
        };
        Some((segments, comparison, ahead))
    }

    fn comparison_ahead(&self) -> Option<(i64, Comparison, Reader<'a>)> {
        let mut ahead = self.reader;
        let Instruction::Int(constant) = ahead.next()? else {
            return None;
        };
        let Instruction::Comparison(comparison) = ahead.next()? else {
            return None;
        };
        Some((constant, comparison, ahead))
    }

    fn index_of(&mut self, name: &[u8], element: Option<u32>) -> u16 {
        let index = (self.lookup)(name, element);
        self.is_missing_a_field |= index.is_none();
        index.unwrap_or(0)
    }

    fn put_text(&mut self, segments: Segments<'_>) -> Result<(), LinkError> {
        let head = self.len;
        self.put_op(word(code::TEXT, 0, segments.count, 0))?;
        self.put_segments(head, segments)
    }

    /// Segments, and how many words now stand behind the instruction at `head`.
    fn put_segments(&mut self, head: usize, segments: Segments<'_>) -> Result<(), LinkError> {
        for segment in segments {
            self.put(segment.len() as u64)?;
            self.put_bytes(segment)?;
        }
        let behind = u32::try_from(self.len - head - 1).map_err(|_| LinkError::NoRoom)?;
        let place = self.out.get_mut(head).ok_or(LinkError::NoRoom)?;
        *place = code::with_c(*place, behind);
        Ok(())
    }

    fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        for eight in bytes.chunks(8) {
            let folded = eight.iter().rev();
            self.put(folded.fold(0, |word, &byte| word << 8 | u64::from(byte)))?;
        }
        Ok(())
    }

    /// An instruction and a word of its own.
    fn put_pair(&mut self, first: u64, second: u64) -> Result<(), LinkError> {
        self.put_op(first)?;
        self.put(second)
    }

    /// An instruction.
    fn put_op(&mut self, word: u64) -> Result<(), LinkError> {
        self.is_flat &= flat::has(word as u8);
        self.put(word)
    }

    fn put(&mut self, word: u64) -> Result<(), LinkError> {
        let room = self.out.get_mut(..code::MAX_WORDS.min(self.out.len()));
        let place = room.and_then(|room| room.get_mut(self.len));
        *place.ok_or(LinkError::NoRoom)? = word;
        self.len += 1;
        Ok(())
    }

    /// Writes the head, now that it is known what the code is.
    fn finish(self) -> Result<usize, LinkError> {
        let simple = self.simple();
        let head = self.out.first_mut().ok_or(LinkError::NoRoom)?;
        if self.is_missing_a_field {
            *head = head::word(head::NEVER, 0, 0);
            return Ok(1);
        }
        let Some(simple) = simple else {
            let form = if self.is_flat {
                head::FLAT
            } else {
                head::GENERAL
            };
            *head = head::word(form, self.depth as u8, 0);
            return Ok(self.len);
        };
        let place = self.out.get_mut(..2).ok_or(LinkError::NoRoom)?;
        place.copy_from_slice(&simple.words());
        Ok(2)
    }

    fn simple(&self) -> Option<Simple> {
        let [_, first, constant, end] = *self.out.get(..self.len)? else {
            return None;
        };
        let (comparison, field, _) = code::operands(first);
        let is_simple = first as u8 == code::COMPARE_FIELD && end as u8 == code::END;
        let comparison = *Comparison::ALL.get(usize::from(comparison))?;
        is_simple.then_some(Simple {
            field,
            comparison,
            constant: constant as i64,
        })
    }
}
