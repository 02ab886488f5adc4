//! Sequences whose length is a number of the environment.

use thalweg_model::{ArrayClass, EnvValue, FieldClass, TraceClass};

use super::parts::{parts, root_mut};

/// A length that the environment gives is a fixed length.
pub(super) fn fix_environment_lengths(class: &mut TraceClass) {
    let environment = std::mem::take(&mut class.environment);
    for part in parts(class) {
        if let Some(root) = root_mut(class, &part) {
            root.members
                .iter_mut()
                .for_each(|m| fix_length(&mut m.class, &environment));
        }
    }
    class.environment = environment;
}

fn fix_length(class: &mut FieldClass, environment: &[(String, EnvValue)]) {
    match class {
        FieldClass::Sequence(sequence) => {
            fix_length(&mut sequence.element, environment);
            let Some(length) = environment_length(&sequence.length, environment) else {
                return;
            };
            let element = sequence.element.clone();
            *class = FieldClass::Array(ArrayClass { element, length });
        }
        FieldClass::Array(class) => fix_length(&mut class.element, environment),
        FieldClass::Struct(class) => class
            .members
            .iter_mut()
            .for_each(|m| fix_length(&mut m.class, environment)),
        FieldClass::Variant(class) => class
            .options
            .iter_mut()
            .for_each(|m| fix_length(&mut m.class, environment)),
        _ => {}
    }
}

fn environment_length(path: &[String], environment: &[(String, EnvValue)]) -> Option<u64> {
    let [scope, name] = path else { return None };
    let value = environment
        .iter()
        .find(|(key, _)| scope == "env" && key == name);
    match value {
        Some((_, EnvValue::Integer(number))) => u64::try_from(*number).ok(),
        _ => None,
    }
}
