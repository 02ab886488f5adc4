//! The class in the trace and the bytes in the record of one field: both at once, so that they
//! cannot differ.

use thalweg_model::{
    ArrayClass, ByteOrder, EnumClass, EnumMapping, FieldClass, IntegerClass, Member, SequenceClass,
};

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

    /// Numbers that have labels: LTTng's, or the kernel's own where it has given the labels other numbers
    /// since. What has no room is the largest number, and called so.
    pub(super) fn labelled(
        &mut self,
        name: &str,
        mut class: EnumClass,
        field: &Field,
        kernel: &[(u64, &str)],
    ) -> bool {
        let moved = |mapping: &EnumMapping| {
            let same = kernel.iter().find(|(_, label)| *label == mapping.label);
            same.is_some_and(|(number, _)| mapping.first != i128::from(*number))
        };
        let is_moved = class.mappings.iter().any(moved);
        if is_moved && class.integer == IntegerClass::le(8, false) {
            class.mappings = labels_in_a_byte(kernel);
            let is_wide = field.element == UNSIGNED && field.shape == Shape::Scalar;
            if is_wide {
                let op = Op::Cap { at: field.offset };
                let reading = (field, Reading::Capped);
                self.push(name, FieldClass::Enum(class), op, reading);
            }
            return is_wide;
        }
        self.integer(name, FieldClass::Enum(class), field, 0)
    }

    /// As many bytes of a number as another number says.
    pub(super) fn bytes(
        &mut self,
        name: &str,
        length: (&str, IntegerClass),
        element: IntegerClass,
        (field, len): (&Field, &Field),
    ) -> bool {
        let is_word = |field: &Field, size_bytes| {
            let unsigned = Element::Integer {
                size_bytes,
                signed: false,
            };
            (field.element, field.shape) == (unsigned, Shape::Scalar)
        };
        let fits = is_word(field, 8)
            && is_word(len, 4)
            && element.size_bits == 8
            && length.1 == IntegerClass::le(32, false);
        if fits {
            let op = Op::Bytes {
                len_at: len.offset,
                at: field.offset,
            };
            self.members
                .push(Member::new(length.0, FieldClass::Integer(length.1)));
            let class = FieldClass::Sequence(SequenceClass {
                element: Box::new(FieldClass::Integer(element)),
                length: vec![length.0.to_owned()],
            });
            self.push(name, class, op, (field, Reading::List));
        }
        fits
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

/// A number of the kernel's that has labels.
const UNSIGNED: Element = Element::Integer {
    size_bytes: 4,
    signed: false,
};
/// What numbers that have no room are called.
const CAPPED: &str = "OTHER";

fn labels_in_a_byte(kernel: &[(u64, &str)]) -> Vec<EnumMapping> {
    let most = u64::from(u8::MAX);
    let fitting = kernel.iter().filter(|(number, _)| *number < most);
    let capped = (most, CAPPED);
    let all = fitting.chain([&capped]);
    let mapping = |&(number, label): &(u64, &str)| EnumMapping {
        label: label.to_owned(),
        first: number.into(),
        last: number.into(),
    };
    all.map(mapping).collect()
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
