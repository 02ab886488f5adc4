//! Declared types, by name, in nested scopes.

use std::collections::HashMap;

use thalweg_model::FieldClass;

/// A class as the parser holds it: how big and how deep it is decides whether it may be used again.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    pub(super) class: FieldClass,
    /// How many classes it consists of.
    pub(super) weight: usize,
    /// How many classes lie inside each other.
    pub(super) depth: usize,
}

impl Typed {
    /// A class without parts.
    pub(super) fn leaf(class: FieldClass) -> Self {
        Self {
            class,
            weight: 1,
            depth: 1,
        }
    }

    /// A class around `self`.
    pub(super) fn inside(self, wrap: impl FnOnce(FieldClass) -> FieldClass) -> Self {
        Self {
            class: wrap(self.class),
            weight: self.weight + 1,
            depth: self.depth + 1,
        }
    }
}

/// The four name spaces of TSDL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Space {
    Alias,
    Struct,
    Variant,
    Enum,
}

impl Space {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Alias => "type",
            Self::Struct => "struct",
            Self::Variant => "variant",
            Self::Enum => "enum",
        }
    }
}

/// The scopes that are open, outermost first.
#[derive(Debug)]
pub(super) struct Scopes(Vec<HashMap<(Space, String), Typed>>);

impl Scopes {
    pub(super) fn new() -> Self {
        Self(vec![HashMap::new()])
    }

    pub(super) fn open(&mut self) {
        self.0.push(HashMap::new());
    }

    pub(super) fn close(&mut self) {
        self.0.pop();
    }

    /// Declares a type in the innermost scope; `false` if that scope has the name already.
    #[must_use]
    pub(super) fn declare(&mut self, space: Space, name: &str, typed: Typed) -> bool {
        let Some(scope) = self.0.last_mut() else {
            return false;
        };
        scope.insert((space, name.to_owned()), typed).is_none()
    }

    /// The type with this name in the nearest scope that has it.
    pub(super) fn find(&self, space: Space, name: &str) -> Option<&Typed> {
        let key = (space, name.to_owned());
        self.0.iter().rev().find_map(|scope| scope.get(&key))
    }
}
