//! The class in the trace and the bytes in the record of one field: both at once, so that they
//! cannot differ.

use thalweg_model::{ArrayClass, ByteOrder, FieldClass, IntegerClass, Member, SequenceClass};

use super::{Made, Reading};
use crate::format::{Element, Field, Shape};
use crate::plan::Op;

impl Made {
    /// An integer, or what is labelled like one, from a scalar of any size.
    pub(crate) fn integer(
        &mut self,
        name: &str,
        class: FieldClass,
        field: &Field,
        add: i32,
    ) -> bool {
        let integer = match &class {
            FieldClass::Integer(integer) => integer,
            FieldClass::Enum(labelled) => &labelled.integer,
            _ => return false,
        };
        match integer_op(integer, field, add) {
            Some(op) => {
                self.push(name, class, op, (field, Reading::Number { add }));
                true
            }
            None => false,
        }
    }

    /// A string that ends with NUL.
    pub(super) fn string(&mut self, name: &str, field: &Field) -> bool {
        let op = match (field.element, field.shape) {
            (Element::Char, Shape::DataLoc) => Op::String {
                at: field.offset,
                rel: false,
            },
            (Element::Char, Shape::RelLoc) => Op::String {
                at: field.offset,
                rel: true,
            },
            (Element::Char, Shape::Array(_)) => Op::FixedString {
                at: field.offset,
                len: field.size_bytes,
            },
            _ => return false,
        };
        self.push(name, FieldClass::string(), op, (field, Reading::Text));
        true
    }

    /// Text in a fixed room.
    pub(super) fn text(&mut self, name: &str, room: u64, field: &Field) -> bool {
        let Ok(len) = u16::try_from(room) else {
            return false;
        };
        let at = field.offset;
        let op = match (field.element, field.shape) {
            (Element::Char, Shape::Array(n)) if u64::from(n) == room => Op::Copy { at, len },
            (Element::Char, Shape::DataLoc) => Op::Text {
                at,
                rel: false,
                len,
            },
            (Element::Char, Shape::RelLoc) => Op::Text { at, rel: true, len },
            _ => return false,
        };
        let reading = match op {
            Op::Copy { .. } => Reading::Text,
            _ => Reading::CutText,
        };
        self.push(name, FieldClass::text_array(room), op, (field, reading));
        true
    }

    /// So many integers.
    pub(super) fn array(
        &mut self,
        name: &str,
        class: IntegerClass,
        length: u64,
        field: &Field,
    ) -> bool {
        let same = class.byte_order == ByteOrder::Little
            && class.size_bits == field.element.size_bytes() * 8
            && matches!(field.shape, Shape::Array(n) if u64::from(n) == length);
        if same {
            let element = Box::new(FieldClass::Integer(class));
            let op = Op::Copy {
                at: field.offset,
                len: field.size_bytes,
            };
            let class = FieldClass::Array(ArrayClass { element, length });
            self.push(name, class, op, (field, Reading::List));
        }
        same
    }

    /// Integers behind a length.
    pub(super) fn sequence(
        &mut self,
        name: &str,
        length: (&str, IntegerClass),
        class: IntegerClass,
        field: &Field,
    ) -> bool {
        let element = field.element.size_bytes();
        let fits = class.byte_order == ByteOrder::Little
            && class.size_bits == element * 8
            && length.1.byte_order == ByteOrder::Little
            && matches!(length.1.size_bits, 8 | 16 | 32 | 64)
            && field.is_dynamic();
        if fits {
            let op = Op::Sequence {
                at: field.offset,
                rel: field.shape == Shape::RelLoc,
                element: element as u8,
                length: (length.1.size_bits / 8) as u8,
            };
            let path = vec![length.0.to_owned()];
            self.members
                .push(Member::new(length.0, FieldClass::Integer(length.1)));
            let element = Box::new(FieldClass::Integer(class));
            self.push(
                name,
                FieldClass::Sequence(SequenceClass {
                    element,
                    length: path,
                }),
                op,
                (field, Reading::List),
            );
        }
        fits
    }

    /// The kernel's letters for a block request's kind, as LTTng's flags.
    pub(super) fn rwbs(&mut self, name: &str, class: IntegerClass, field: &Field) -> bool {
        let letters = field.element == Element::Char && matches!(field.shape, Shape::Array(_));
        let fits = letters && class == IntegerClass::le(32, false);
        if fits {
            let op = Op::Rwbs {
                at: field.offset,
                len: field.size_bytes,
            };
            self.push(
                name,
                FieldClass::Integer(class),
                op,
                (field, Reading::Letters),
            );
        }
        fits
    }
}

fn integer_op(class: &IntegerClass, field: &Field, add: i32) -> Option<Op> {
    let (have, signed) = match (field.element, field.shape) {
        (Element::Integer { size_bytes, signed }, Shape::Scalar) => (size_bytes, signed),
        (Element::Pointer { size_bytes }, Shape::Scalar) => (size_bytes, false),
        _ => return None,
    };
    let want = match class.size_bits {
        8 | 16 | 32 | 64 => (class.size_bits / 8) as u8,
        _ => return None,
    };
    let at = field.offset;
    match class.byte_order {
        ByteOrder::Big if want <= have && add == 0 => Some(Op::Swap { at, len: want }),
        ByteOrder::Big => None,
        ByteOrder::Little if add != 0 => (want == 4 && have >= 4).then_some(Op::Add { at, add }),
        ByteOrder::Little if want <= have => Some(Op::Copy {
            at,
            len: u16::from(want),
        }),
        ByteOrder::Little => Some(Op::Widen {
            at,
            from: have,
            signed,
            to: want,
        }),
    }
}
