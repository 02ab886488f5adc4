//! The fields of an event, as the checker asks for them.
//!
//! ```text
//!   user.roles[2].name   field `user`, member `roles`, any element, member `name` ──▶ its kind
//! ```

use thalweg_abi::field::{Field, FieldClass};

use super::kind::Kind;

/// Something that has fields.
pub trait Fields {
    /// The kind of what a path leads to: a name, then members behind dots and elements in brackets.
    fn kind(&self, path: &str) -> Option<Kind>;

    /// The names to choose from, for whoever mistyped one.
    fn names(&self) -> impl Iterator<Item = &str>;
}

/// Paths, written out.
impl Fields for [(&str, Kind)] {
    fn kind(&self, path: &str) -> Option<Kind> {
        let field = self.iter().find(|field| field.0 == path)?;
        Some(field.1)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|field| field.0)
    }
}

/// As a call site declares them.
impl Fields for [Field] {
    fn kind(&self, path: &str) -> Option<Kind> {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (name, rest) = path.split_at(end);
        let field = self.iter().find(|field| field.name == name)?;
        kind_within(&field.class, rest)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|field| field.name)
    }
}

/// The kind of what `path`, which begins with a dot or a bracket, leads to from a class.
fn kind_within(class: &FieldClass, path: &str) -> Option<Kind> {
    if path.is_empty() {
        return Some(Kind::from(class));
    }
    match class {
        FieldClass::Optional { class } => kind_within(class, path),
        FieldClass::Struct { fields } => fields.kind(path.strip_prefix('.')?),
        FieldClass::Array { element, length } => {
            let (index, rest) = index(path)?;
            (index < *length).then(|| kind_within(element, rest))?
        }
        FieldClass::Sequence { element } => kind_within(element, index(path)?.1),
        _ => None,
    }
}

/// The index in front of `path`, and what stands behind it.
fn index(path: &str) -> Option<(u32, &str)> {
    let (digits, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use thalweg_abi::field::Integer;

    use super::*;

    const INTEGER: FieldClass = FieldClass::Integer(Integer::new(4, true));
    const ROLE: FieldClass = FieldClass::Struct {
        fields: &[
            Field::written("name", FieldClass::CountedText),
            Field::written("bits", FieldClass::Sequence { element: &INTEGER }),
        ],
    };
    const ROLES: FieldClass = FieldClass::Array {
        element: &ROLE,
        length: 3,
    };
    const FIELDS: &[Field] = &[
        Field::written("id", FieldClass::Optional { class: &INTEGER }),
        Field::nowrite(
            "user",
            FieldClass::Struct {
                fields: &[Field::written("roles", ROLES)],
            },
        ),
    ];

    #[track_caller]
    fn check(path: &str, expected: Option<Kind>) {
        assert_eq!(FIELDS.kind(path), expected);
    }

    #[test]
    fn a_path_leads_through_structures_and_lists() {
        check("id", Some(Kind::Integer));
        check("user", Some(Kind::Structure));
        check("user.roles", Some(Kind::StructureList(Some(3))));
        check("user.roles[2].name", Some(Kind::Text));
        check("user.roles[2].bits", Some(Kind::IntegerList(None)));
        check("user.roles[3].name", None);
        check("user.roles.name", None);
        check("user[0]", None);
        check("id.name", None);
        check("name", None);
    }
}
