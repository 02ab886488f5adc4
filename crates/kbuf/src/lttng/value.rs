//! The value that a field of the trace will have, looked up in the kernel's record.

use thalweg_model::IntegerClass;

use super::{FieldSource, Reading};
use crate::format::{Element, Field, Shape};
use crate::plan::{located, text};

impl FieldSource {
    /// The number, as a class of the trace has it; `None` if it is none, or the record too short.
    pub fn number(&self, class: &IntegerClass, record: &[u8]) -> Option<i64> {
        let Reading::Number { add } = self.reading else {
            return None;
        };
        let (size, signed) = integer(&self.field)?;
        let at = usize::from(self.field.offset);
        let value = number(record.get(at..at + size)?, signed);
        Some(cut(value.wrapping_add(add.into()), class))
    }

    /// An element of a list; `None` if there is none.
    pub fn element(&self, class: &IntegerClass, at: u32, record: &[u8]) -> Option<i64> {
        let (size, signed) = integer(&self.field)?;
        let bytes = self.bytes(size, record)?;
        let begin = usize::try_from(at).ok()?.checked_mul(size)?;
        let value = number(bytes.get(begin..begin.checked_add(size)?)?, signed);
        Some(cut(value, class))
    }

    /// The text; of one that has a room of so many bytes in the trace, what fits.
    pub fn text<'r>(&self, room: Option<u64>, record: &'r [u8]) -> Option<&'r [u8]> {
        if !matches!(self.reading, Reading::Text | Reading::CutText) {
            return None;
        }
        let found = text(self.bytes(1, record)?);
        let most = match (self.reading, room) {
            (Reading::CutText, Some(room)) => usize::try_from(room).ok()?.saturating_sub(1),
            _ => found.len(),
        };
        Some(&found[..found.len().min(most)])
    }

    /// The bytes of what is more than one element.
    fn bytes<'r>(&self, size: usize, record: &'r [u8]) -> Option<&'r [u8]> {
        let at = usize::from(self.field.offset);
        match self.field.shape {
            Shape::Array(length) => {
                let len = usize::try_from(length).ok()?.checked_mul(size)?;
                record.get(at..at.checked_add(len)?)
            }
            Shape::DataLoc | Shape::RelLoc => {
                record.get(at..at + 4)?;
                let is_relative = self.field.shape == Shape::RelLoc;
                located(record, self.field.offset, is_relative).ok()
            }
            _ => None,
        }
    }
}

fn integer(field: &Field) -> Option<(usize, bool)> {
    match field.element {
        Element::Integer { size_bytes, signed } => Some((size_bytes.into(), signed)),
        Element::Pointer { size_bytes } => Some((size_bytes.into(), false)),
        Element::Char => Some((1, false)),
        Element::Opaque => None,
    }
}

fn number(bytes: &[u8], signed: bool) -> i64 {
    let low = bytes
        .iter()
        .rev()
        .fold(0, |n, &byte| n << 8 | u64::from(byte));
    cut_to(low as i64, 8 * bytes.len() as u32, signed)
}

fn cut(value: i64, class: &IntegerClass) -> i64 {
    cut_to(value, class.size_bits, class.signed)
}

fn cut_to(value: i64, bits: u32, signed: bool) -> i64 {
    let above = 64 - bits.clamp(1, 64);
    match signed {
        true => value << above >> above,
        false => ((value as u64) << above >> above) as i64,
    }
}

#[cfg(test)]
mod tests {
    use crate::format::EventFormat;
    use crate::lttng::{Naming, TraceEvent};
    use thalweg_model::FieldClass;

    const FORMAT: &str = "name: tick\nID: 7\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
        \tfield:int irq;\toffset:8;\tsize:4;\tsigned:1;\n\
        \tfield:char comm[8];\toffset:12;\tsize:8;\tsigned:0;\n\
        \tfield:__data_loc char[] path;\toffset:20;\tsize:4;\tsigned:0;\n\
        \tfield:u16 list[2];\toffset:24;\tsize:4;\tsigned:0;\n\nprint fmt: \"x\"";

    #[test]
    fn values_are_found_where_the_plan_finds_them() {
        let format = EventFormat::parse(FORMAT).unwrap();
        let event = TraceEvent::new("test", &format, Naming::Lttng);
        let mut record = vec![7, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff];
        record.extend(b"ab\0xyzxy");
        record.extend((28_u32 | 4 << 16).to_le_bytes());
        record.extend([1, 0, 2, 0]);
        record.extend(b"abc\0");
        let source = |name: &str| event.sources.iter().find(|s| s.name == name).unwrap();
        let FieldClass::Integer(int) = FieldClass::int(32) else {
            unreachable!("it is one")
        };
        assert_eq!(source("irq").number(&int, &record), Some(-2));
        assert_eq!(source("comm").text(None, &record), Some(&b"ab"[..]));
        assert_eq!(source("path").text(None, &record), Some(&b"abc"[..]));
        assert_eq!(source("list").element(&int, 1, &record), Some(2));
        assert_eq!(source("list").element(&int, 2, &record), None);
        for len in 0..record.len() {
            let record = &record[..len];
            assert!(source("path").text(None, record).is_none(), "{len}");
            let _ = source("irq").number(&int, record);
            let _ = source("list").element(&int, 0, record);
        }
    }
}
