//! Fields of LTTng's that programs tell beside the kernel's record.

use thalweg_model::{FieldClass, IntegerClass, Member, SequenceClass};

use super::listing::{Listed, ListedClass};
use super::{FieldSource, Made, Reading, nested};
use crate::format::Field;
use crate::plan::{Op, ToldKey};
use crate::told::ToldStep;

/// Adds a field, if programs tell it; `length` is what is declared before a sequence.
pub(super) fn fill(
    field: &Listed,
    length: &Option<(&str, IntegerClass)>,
    (key, field_of_key): (ToldKey, &Field),
    made: &mut Made,
) -> bool {
    let step = ToldStep::of(key.kind(), field.name);
    let class = match (&field.class, step) {
        (ListedClass::Integer(class), Some(_)) => FieldClass::Integer(class.clone()),
        (ListedClass::Enum(class), Some(_)) => FieldClass::Enum(class.clone()),
        (ListedClass::Sequence(element, _), Some(_)) => {
            let Some((name, class)) = length.clone() else {
                return false;
            };
            made.members
                .push(Member::new(name, FieldClass::Integer(class)));
            FieldClass::Sequence(SequenceClass {
                element: Box::new(FieldClass::Integer(element.clone())),
                length: vec![name.to_owned()],
            })
        }
        // It is written with its tag, the field before it.
        (ListedClass::Nested(text), None) if made.is_told_last() => match nested::member(text) {
            Some(member) => member.class,
            None => return false,
        },
        _ => return false,
    };
    made.members.push(Member::new(field.name, class));
    made.key = Some(key);
    made.sources.push(FieldSource {
        name: field.name.to_owned(),
        field: field_of_key.clone(),
        reading: Reading::Told,
    });
    if let Some(step) = step {
        made.plan.push(Op::Told(step));
    }
    true
}

impl Made {
    fn is_told_last(&self) -> bool {
        let last = self.sources.last();
        last.is_some_and(|source| source.reading == Reading::Told)
    }
}
