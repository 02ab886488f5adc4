//! The classes of what a copy holds.

use thalweg_model::{
    ByteOrder, EnumClass, EnumMapping, FieldClass, IntegerClass, Member, SequenceClass,
};

use super::state::State;

/// `NAME_copy`: what became of a copy.
pub(super) fn state(name: &str) -> Member {
    let mappings = State::LABELS.iter().map(|(label, state)| EnumMapping {
        label: (*label).to_owned(),
        first: *state as i128,
        last: *state as i128,
    });
    let class = EnumClass {
        integer: IntegerClass::le(8, false),
        mappings: mappings.collect(),
    };
    Member::new(format!("{name}_copy"), FieldClass::Enum(class))
}

/// A sequence behind its length.
pub(super) fn sequence(name: &str, element: FieldClass) -> [Member; 2] {
    let length = format!("_{name}_length");
    let class = SequenceClass {
        element: Box::new(element),
        length: vec![length.clone()],
    };
    [
        Member::new(length, FieldClass::uint(32)),
        Member::new(name, FieldClass::Sequence(class)),
    ]
}

/// An integer in the network's byte order.
pub(super) fn network(size_bits: u32) -> FieldClass {
    let mut class = IntegerClass::le(size_bits, false);
    class.byte_order = ByteOrder::Big;
    FieldClass::Integer(class)
}

/// A sequence whose length is another member's number.
pub(super) fn list(name: &str, element: FieldClass, length: &str) -> Member {
    let class = SequenceClass {
        element: Box::new(element),
        length: vec![length.to_owned()],
    };
    Member::new(name, FieldClass::Sequence(class))
}
