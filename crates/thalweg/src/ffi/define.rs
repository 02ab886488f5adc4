//! From a description to a site.

use super::class::Class;
use crate::dynamic::{self, DefineError};
use crate::site::{Level, Site};
use thalweg_abi::field::Field;
use thalweg_abi::rendezvous::MAX_FIELDS;

/// An event as another language describes it.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its name, `provider:event` by custom.
    pub name: String,
    /// Its level, as a number; beyond the last one it is the last one.
    pub level: u8,
    /// The file that emits it.
    pub file: String,
    /// The line that emits it.
    pub line: u32,
    /// The names and classes of its fields, in order.
    pub fields: Vec<(String, Class)>,
}

const LEVELS: [Level; 15] = [
    Level::Emerg,
    Level::Alert,
    Level::Crit,
    Level::Err,
    Level::Warning,
    Level::Notice,
    Level::Info,
    Level::DebugSystem,
    Level::DebugProgram,
    Level::DebugProcess,
    Level::DebugModule,
    Level::DebugUnit,
    Level::DebugFunction,
    Level::DebugLine,
    Level::Debug,
];

/// The site of a description: that of an equal one, if there is one. When the process cannot be
/// traced, that does not show: the site is never on.
///
/// Allocates, takes a lock and may make system calls.
pub fn define(description: &Description) -> Result<&'static Site, DefineError> {
    if description.fields.len() > MAX_FIELDS {
        return Err(DefineError::TooManyFields);
    }
    let level = level(description.level);
    dynamic::find_or_define(
        &description.name,
        |site| is_site_of(description, level, site),
        || {
            let fields = description
                .fields
                .iter()
                .map(|(name, class)| Field::written(name.clone().leak(), class.leak()));
            let fields = Vec::leak(fields.collect());
            let file = description.file.clone().leak();
            (level, fields, (file, description.line))
        },
    )
}

/// A site of this name and level, if there is any: rules decide by those two.
pub fn find(name: &str, level_number: u8) -> Option<&'static Site> {
    let level = level(level_number);
    crate::site::each().find(|site| site.level() == level && site.name() == name)
}

fn level(number: u8) -> Level {
    LEVELS[usize::from(number).min(LEVELS.len() - 1)]
}

fn is_site_of(description: &Description, level: Level, site: &Site) -> bool {
    let same = |((name, class), field): (&(String, Class), &Field)| {
        name == field.name && class.is(&field.class)
    };
    (site.level(), site.line(), site.fields().len())
        == (level, description.line, description.fields.len())
        && site.name() == description.name
        && site.file() == description.file
        && description.fields.iter().zip(site.fields()).all(same)
}

#[cfg(test)]
mod tests {
    use super::super::class::Scalar;
    use super::*;

    fn described(fields: Vec<(&str, Class)>) -> Description {
        let fields = fields
            .into_iter()
            .map(|(name, class)| (name.to_owned(), class));
        Description {
            name: "ffi:event".into(),
            level: 6,
            file: "a.c".into(),
            line: 7,
            fields: fields.collect(),
        }
    }

    fn labels(words: &[(i64, &str)]) -> Scalar {
        let labels = words
            .iter()
            .map(|(number, word)| (*number, (*word).to_owned()));
        Scalar::Enum {
            bytes: 1,
            signed: false,
            labels: labels.collect(),
        }
    }

    fn all_classes(word: &str) -> Description {
        let number = Scalar::Integer {
            bytes: 4,
            signed: true,
            base: 10,
        };
        described(vec![
            ("number", Class::One(number.clone())),
            ("float", Class::One(Scalar::Float { bytes: 8 })),
            ("enum", Class::One(labels(&[(0, "no"), (1, word)]))),
            ("text", Class::Text),
            ("array", Class::Array(number.clone(), 3)),
            ("list", Class::Sequence(number)),
        ])
    }

    #[track_caller]
    fn check(one: &Description, other: &Description, same: bool) {
        let one = define(one).unwrap();
        let other = define(other).unwrap();
        assert_eq!(core::ptr::eq(one, other), same);
    }

    #[test]
    fn equal_descriptions_have_one_site() {
        check(&all_classes("yes"), &all_classes("yes"), true);
        check(&described(vec![]), &described(vec![]), true);
    }

    #[test]
    fn whatever_differs_makes_another_site() {
        let plain = || described(vec![("a", Class::Text)]);
        check(&all_classes("yes"), &all_classes("si"), false);
        check(&plain(), &described(vec![("b", Class::Text)]), false);
        check(&plain(), &described(vec![]), false);
        check(&plain(), &Description { line: 8, ..plain() }, false);
        check(
            &plain(),
            &Description {
                level: 7,
                ..plain()
            },
            false,
        );
        check(
            &plain(),
            &Description {
                file: "b.c".into(),
                ..plain()
            },
            false,
        );
        check(
            &plain(),
            &Description {
                name: "ffi:other".into(),
                ..plain()
            },
            false,
        );
        let array = |length| {
            described(vec![(
                "a",
                Class::Array(Scalar::Float { bytes: 4 }, length),
            )])
        };
        check(&array(1), &array(2), false);
    }

    #[test]
    fn a_site_is_found_by_name_and_level() {
        let named = Description {
            name: "ffi:found".into(),
            ..described(vec![])
        };
        let site = define(&named).unwrap();
        assert!(core::ptr::eq(find("ffi:found", 6).unwrap(), site));
        assert!(find("ffi:found", 5).is_none());
        assert!(find("ffi:never", 6).is_none());
    }

    #[test]
    fn a_description_that_makes_no_event_is_refused() {
        let nameless = Description {
            name: String::new(),
            ..described(vec![])
        };
        assert_eq!(define(&nameless).unwrap_err(), DefineError::Name);
        let many = (0..65).map(|_| ("a", Class::Text)).collect();
        assert_eq!(
            define(&described(many)).unwrap_err(),
            DefineError::TooManyFields
        );
    }
}
