//! Contexts that programs take themselves: how the trace declares their values, how they are checked.
//!
//! ```text
//!   an event's bytes   | header | contexts of the thread | cpu_id | these | fields |
//! ```

use std::sync::Arc;

use thalweg_model::{
    DisplayBase, EnumClass, EnumMapping, FieldClass, FloatClass, IntegerClass, Member,
    SequenceClass, StructClass, VariantClass,
};

use super::plan::{Plan, Step};
use crate::context::{Contexts, SampledContext, TAG, What};

/// The contexts that the events of a slot carry.
#[derive(Clone, Debug, Default)]
pub struct SampledContexts(Arc<[SampledContext]>);

impl SampledContexts {
    /// Those that were asked for.
    pub fn of(contexts: &Contexts) -> Self {
        Self(contexts.sampled.as_slice().into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &SampledContext> {
        self.0.iter()
    }

    /// Their declaration.
    pub fn members(&self) -> Vec<Member> {
        self.structure().members
    }

    /// How their values are checked.
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        self.iter()
            .for_each(|context| plan.append(plan_of(context.what())));
        plan
    }

    /// The values of an event of which nothing is known: zeros, empty, none.
    pub(crate) fn nothing(&self) -> Vec<u8> {
        vec![0; self.iter().map(|context| least(context.what())).sum()]
    }

    fn structure(&self) -> StructClass {
        let mut structure = StructClass {
            min_align_bits: 1,
            members: Vec::new(),
        };
        for context in self.iter() {
            add(context, &mut structure);
        }
        structure
    }
}

fn plan_of(what: &What) -> Plan {
    Plan::of(match what {
        What::Ip | What::PerfThread(_) => Step::Bytes(8),
        What::CallstackUser => Step::Sequence { element: 8 },
        What::App { .. } => Step::AppValue,
    })
}

/// The fewest bytes of a value.
fn least(what: &What) -> usize {
    match what {
        What::Ip | What::PerfThread(_) => 8,
        What::CallstackUser => 4,
        What::App { .. } => 1,
    }
}

fn add(context: &SampledContext, structure: &mut StructClass) {
    let name = context.member();
    match context.what() {
        What::Ip => structure.members.push(Member::new(name, address())),
        What::PerfThread(_) => structure
            .members
            .push(Member::new(name, FieldClass::uint(64))),
        What::CallstackUser => {
            let length = format!("_{name}_length");
            let addresses = FieldClass::Sequence(SequenceClass {
                element: Box::new(address()),
                length: vec![length.clone()],
            });
            structure
                .members
                .push(Member::new(length, FieldClass::uint(32)));
            structure.members.push(Member::new(name, addresses));
        }
        What::App { .. } => {
            let tag = format!("{name}{TAG}");
            let options = VALUES.map(|(option, class)| Member::new(option, class()));
            let variant = FieldClass::Variant(VariantClass {
                tag: vec![tag.clone()],
                options: options.to_vec(),
            });
            structure.members.push(Member::new(tag, tag_class()));
            structure.members.push(Member::new(name, variant));
        }
    }
}

fn address() -> FieldClass {
    FieldClass::Integer(IntegerClass::le(64, false).in_base(DisplayBase::Hexadecimal))
}

/// A name and a class.
type NamedClass = (&'static str, fn() -> FieldClass);

/// What an application's context can hold, as LTTng declares it: in the order of the tags.
const VALUES: [NamedClass; 12] = [
    ("none", || FieldClass::Struct(StructClass::default())),
    ("int8", || FieldClass::int(8)),
    ("int16", || FieldClass::int(16)),
    ("int32", || FieldClass::int(32)),
    ("int64", || FieldClass::int(64)),
    ("uint8", || FieldClass::uint(8)),
    ("uint16", || FieldClass::uint(16)),
    ("uint32", || FieldClass::uint(32)),
    ("uint64", || FieldClass::uint(64)),
    ("float", || FieldClass::Float(FloatClass::f32_le())),
    ("double", || FieldClass::Float(FloatClass::f64_le())),
    ("string", FieldClass::string),
];

fn tag_class() -> FieldClass {
    let label = |(number, (option, _)): (i64, &NamedClass)| EnumMapping {
        label: format!("_{option}"),
        first: number.into(),
        last: number.into(),
    };
    FieldClass::Enum(EnumClass {
        integer: IntegerClass::le(8, true),
        mappings: (0..).zip(&VALUES).map(label).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_abi::sampled::tag;

    fn of(names: &[&str]) -> SampledContexts {
        let named = names.iter().map(|name| Contexts::named(name).unwrap());
        SampledContexts::of(&named.fold(Contexts::default(), Contexts::union))
    }

    #[test]
    fn members_stand_in_the_order_in_which_they_were_asked_for() {
        let members = of(&["$app.a:b", "callstack-user", "ip"]).members();
        let names: Vec<_> = members.iter().map(|member| &*member.name).collect();
        assert_eq!(
            names,
            [
                "_app_a_b_tag",
                "_app_a_b",
                "_callstack_user_length",
                "callstack_user",
                "ip"
            ]
        );
    }

    #[test]
    fn what_is_nothing_is_as_long_as_the_plan_says() {
        for names in [&[][..], &["ip"], &["callstack-user"], &["ip", "$app.a:b"]] {
            let contexts = of(names);
            let nothing = contexts.nothing();
            assert_eq!(contexts.plan().measure(&nothing), Some(nothing.len()));
        }
    }

    #[test]
    fn the_tags_are_those_of_the_declaration() {
        let option = |tag: u8| VALUES[usize::from(tag)].0;
        let known = [tag::NONE, tag::INT, tag::UINT, tag::FLOAT, tag::TEXT].map(option);
        assert_eq!(known, ["none", "int64", "uint64", "double", "string"]);
    }
}
