//! A program's class as CTF 1.8 says it.
//!
//! ```text
//!   sequence x    uint32 _x_length;  element x[_x_length];               LTTng's name for it
//!   optional x    enum { none = 0, some = 1 } _x_tag;
//!                 variant <_x_tag> { struct { } none;  class some; } x;
//! ```
//!
//! Where there is no room for a field before it, in a list or an option, such a class is wrapped into
//! a structure of two: `struct { uint32 _value_length; element value[_value_length]; }`.

use thalweg_model::{
    ArrayClass, EnumClass, EnumMapping, FieldClass, IntegerClass, Member, SequenceClass,
    StructClass, VariantClass,
};

use super::plan::{Plan, Step};

/// A class in CTF's words, and how its values are checked.
#[derive(Debug)]
pub(super) struct Lowered {
    class: FieldClass,
    needs: Needs,
    pub(super) plan: Plan,
    /// The fewest bytes of a value.
    pub(super) min_len: usize,
}

/// The field that a class needs before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Length,
    Tag,
}

impl Lowered {
    /// A class whose values are so many bytes.
    pub(super) fn fixed(class: FieldClass, bytes: usize) -> Self {
        Self {
            class,
            needs: Needs::Nothing,
            plan: Plan::of(Step::Bytes(bytes)),
            min_len: bytes,
        }
    }

    /// Text up to a NUL.
    pub(super) fn text() -> Self {
        Self {
            class: FieldClass::string(),
            needs: Needs::Nothing,
            plan: Plan::of(Step::Text),
            min_len: 1,
        }
    }

    /// So many elements; `None` if they are more bytes than can be counted.
    pub(super) fn array(element: Self, length: u32) -> Option<Self> {
        let count = usize::try_from(length).ok()?;
        let min_len = element.min_len.checked_mul(count)?;
        let step = match element.plan.fixed_len() {
            Some(_) => Step::Bytes(min_len),
            None => Step::Array {
                count,
                element: element.plan.clone(),
            },
        };
        let class = FieldClass::Array(ArrayClass {
            element: Box::new(element.alone()),
            length: length.into(),
        });
        Some(Self {
            class,
            needs: Needs::Nothing,
            plan: Plan::of(step),
            min_len,
        })
    }

    /// A length and so many elements.
    pub(super) fn sequence(element: Self) -> Self {
        let step = match element.plan.fixed_len() {
            Some(bytes) => Step::Sequence { element: bytes },
            None => Step::List {
                element: element.plan.clone(),
            },
        };
        let class = FieldClass::Sequence(SequenceClass {
            element: Box::new(element.alone()),
            length: Vec::new(),
        });
        Self {
            class,
            needs: Needs::Length,
            plan: Plan::of(step),
            min_len: 4,
        }
    }

    /// Members one after the other.
    pub(super) fn structure(members: Vec<(String, Self)>) -> Self {
        let mut class = structure();
        let (mut plan, mut min_len) = (Plan::default(), 0_usize);
        for (name, member) in members {
            min_len = min_len.saturating_add(member.min_len);
            plan.append(member.plan.clone());
            member.add_to(&mut class, name);
        }
        Self {
            class: FieldClass::Struct(class),
            needs: Needs::Nothing,
            plan,
            min_len,
        }
    }

    /// A value or none.
    pub(super) fn optional(value: Self) -> Self {
        let plan = Plan::of(Step::Optional {
            value: value.plan.clone(),
        });
        let options = vec![
            Member::new("none", FieldClass::Struct(structure())),
            Member::new("some", value.alone()),
        ];
        let class = FieldClass::Variant(VariantClass {
            tag: Vec::new(),
            options,
        });
        Self {
            class,
            needs: Needs::Tag,
            plan,
            min_len: 1,
        }
    }

    /// The class where no field can stand before it.
    fn alone(self) -> FieldClass {
        if self.needs == Needs::Nothing {
            return self.class;
        }
        let mut class = structure();
        self.add_to(&mut class, "value".to_owned());
        FieldClass::Struct(class)
    }

    /// Adds the class as a member, and before it the one that it needs.
    pub(super) fn add_to(self, structure: &mut StructClass, name: String) {
        let (before, class) = match (self.needs, self.class) {
            (Needs::Length, FieldClass::Sequence(sequence)) => {
                let length = format!("_{name}_length");
                let class = FieldClass::Sequence(SequenceClass {
                    length: vec![length.clone()],
                    ..sequence
                });
                (Some(Member::new(length, FieldClass::uint(32))), class)
            }
            (Needs::Tag, FieldClass::Variant(variant)) => {
                let tag = format!("_{name}_tag");
                let class = FieldClass::Variant(VariantClass {
                    tag: vec![tag.clone()],
                    ..variant
                });
                (Some(Member::new(tag, tag_class())), class)
            }
            (_, class) => (None, class),
        };
        structure.members.extend(before);
        structure.members.push(Member::new(name, class));
    }
}

fn structure() -> StructClass {
    StructClass {
        min_align_bits: 1,
        members: Vec::new(),
    }
}

fn tag_class() -> FieldClass {
    let label = |label: &str, number| EnumMapping {
        label: label.to_owned(),
        first: number,
        last: number,
    };
    FieldClass::Enum(EnumClass {
        integer: IntegerClass::le(8, false),
        mappings: vec![label("none", 0), label("some", 1)],
    })
}
