//! Finding the field that holds a sequence's length or a variant's tag.
//!
//! ```text
//!   trace.packet.header ◀ stream.packet.context ◀ stream.event.header ◀ stream.event.context
//!                                                      ◀ event.context ◀ event.fields
//! ```
//!
//! A path that begins with the name of a scope is looked up there. Any other path is looked up in
//! the structures around its use, innermost first, among the fields before the use; then in the
//! scopes to the left, nearest first. A field that cannot serve (a string as a length) is passed
//! over, so that the meaning of a named type does not change with the place of its use.

use thalweg_model::{EnumClass, FieldClass, StructClass, VariantClass};

/// One of the six structures that fields live in, in the order of decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    PacketHeader,
    PacketContext,
    EventHeader,
    CommonContext,
    SpecificContext,
    Payload,
}

impl Scope {
    pub(crate) const ALL: [Self; 6] = [
        Self::PacketHeader,
        Self::PacketContext,
        Self::EventHeader,
        Self::CommonContext,
        Self::SpecificContext,
        Self::Payload,
    ];

    /// The scope's name in metadata.
    pub(crate) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::PacketHeader => &["trace", "packet", "header"],
            Self::PacketContext => &["stream", "packet", "context"],
            Self::EventHeader => &["stream", "event", "header"],
            Self::CommonContext => &["stream", "event", "context"],
            Self::SpecificContext => &["event", "context"],
            Self::Payload => &["event", "fields"],
        }
    }
}

/// The structures that an event of one class is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scopes<'a>(pub(crate) [Option<&'a StructClass>; 6]);

impl<'a> Scopes<'a> {
    pub(crate) fn get(&self, scope: Scope) -> Option<&'a StructClass> {
        self.0[scope as usize]
    }
}

/// The place of a field: a scope, then the index of a member, of an option, or 0 for an element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) scope: Scope,
    pub(crate) steps: Vec<usize>,
}

impl Place {
    pub(crate) fn root(scope: Scope) -> Self {
        Self {
            scope,
            steps: Vec::new(),
        }
    }
}

/// What a field has to be to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Length,
    Tag,
}

impl Want {
    pub(crate) fn accepts(self, class: &FieldClass) -> bool {
        match (self, class) {
            (Self::Length, FieldClass::Integer(class)) => !class.signed,
            (Self::Length, FieldClass::Enum(class)) => !class.integer.signed,
            (Self::Tag, FieldClass::Enum(_)) => true,
            _ => false,
        }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Length => "an unsigned integer",
            Self::Tag => "an enumeration",
        }
    }
}

/// Whether the tag can choose any option at all.
pub(crate) fn option_matches(variant: &VariantClass, tag: &EnumClass) -> bool {
    variant
        .options
        .iter()
        .any(|option| tag.mappings.iter().any(|m| m.label == option.name))
}

/// The class of the field at `place`.
pub(crate) fn class_at<'a>(scopes: &Scopes<'a>, place: &Place) -> Option<&'a FieldClass> {
    let (first, rest) = place.steps.split_first()?;
    let mut class = &scopes.get(place.scope)?.members.get(*first)?.class;
    for step in rest {
        class = child(class, *step)?;
    }
    Some(class)
}

fn child(class: &FieldClass, step: usize) -> Option<&FieldClass> {
    match class {
        FieldClass::Struct(class) => class.members.get(step).map(|m| &m.class),
        FieldClass::Variant(class) => class.options.get(step).map(|m| &m.class),
        FieldClass::Array(class) => Some(&class.element),
        FieldClass::Sequence(class) => Some(&class.element),
        _ => None,
    }
}

/// The place of the field that `path`, used at `site`, means.
pub(crate) fn resolve(
    scopes: &Scopes<'_>,
    site: &Place,
    path: &[String],
    want: Want,
) -> Option<Place> {
    for scope in Scope::ALL {
        if let Some(rest) = after(path, scope.words()) {
            return absolute(scopes, scope, site, rest, want);
        }
    }
    relative(scopes, site, path, want).or_else(|| {
        let earlier = Scope::ALL
            .into_iter()
            .rev()
            .filter(|scope| *scope < site.scope);
        earlier
            .into_iter()
            .find_map(|scope| absolute(scopes, scope, site, path, want))
    })
}

fn after<'p>(path: &'p [String], words: &[&str]) -> Option<&'p [String]> {
    let (head, rest) = path.split_at_checked(words.len())?;
    (!rest.is_empty() && head.iter().zip(words).all(|(a, b)| a == b)).then_some(rest)
}

/// From the root of a scope; elements of arrays are entered only around the site itself.
fn absolute(
    scopes: &Scopes<'_>,
    scope: Scope,
    site: &Place,
    names: &[String],
    want: Want,
) -> Option<Place> {
    if scope > site.scope {
        return None;
    }
    let mut place = Place::root(scope);
    let root = scopes.get(scope)?;
    let mut members = &root.members;
    for (depth, name) in names.iter().enumerate() {
        let index = members.iter().position(|m| m.name == *name)?;
        place.steps.push(index);
        let mut class = &members[index].class;
        let last = depth + 1 == names.len();
        while !last && let Some(element) = element_around(class, &place, site) {
            place.steps.push(0);
            class = element;
        }
        match class {
            _ if last => return (want.accepts(class) && before(&place, site)).then_some(place),
            FieldClass::Struct(class) => members = &class.members,
            FieldClass::Variant(class) => members = &class.options,
            _ => return None,
        }
    }
    None
}

fn element_around<'a>(
    class: &'a FieldClass,
    place: &Place,
    site: &Place,
) -> Option<&'a FieldClass> {
    let around = place.scope == site.scope && site.steps.starts_with(&place.steps);
    match class {
        FieldClass::Array(class) if around => Some(&class.element),
        FieldClass::Sequence(class) if around => Some(&class.element),
        _ => None,
    }
}

fn before(target: &Place, site: &Place) -> bool {
    (target.scope, &target.steps) < (site.scope, &site.steps)
}

/// From the structures around the site, innermost first.
fn relative(scopes: &Scopes<'_>, site: &Place, path: &[String], want: Want) -> Option<Place> {
    (0..site.steps.len()).rev().find_map(|depth| {
        let around = Place {
            scope: site.scope,
            steps: site.steps[..depth].to_vec(),
        };
        let place = descend(scopes, around, path)?;
        let class = class_at(scopes, &place)?;
        (want.accepts(class) && before(&place, site)).then_some(place)
    })
}

fn descend(scopes: &Scopes<'_>, mut place: Place, names: &[String]) -> Option<Place> {
    for name in names {
        let members = if place.steps.is_empty() {
            &scopes.get(place.scope)?.members
        } else {
            match class_at(scopes, &place)? {
                FieldClass::Struct(class) => &class.members,
                _ => return None,
            }
        };
        place
            .steps
            .push(members.iter().position(|m| m.name == *name)?);
    }
    Some(place)
}

/// A class that names another field, and where it is used.
pub(crate) struct Site<'a> {
    pub(crate) place: Place,
    pub(crate) path: &'a [String],
    pub(crate) want: Want,
}

/// Every sequence and variant of a scope, in the order of decoding.
pub(crate) fn sites(scope: Scope, root: &StructClass) -> Vec<Site<'_>> {
    let mut found = Vec::new();
    let mut place = Place::root(scope);
    collect_members(&root.members, &mut place, &mut found);
    found
}

fn collect_members<'a>(
    members: &'a [thalweg_model::Member],
    place: &mut Place,
    found: &mut Vec<Site<'a>>,
) {
    for (index, member) in members.iter().enumerate() {
        collect_inside(&member.class, index, place, found);
    }
}

fn collect_inside<'a>(
    class: &'a FieldClass,
    step: usize,
    place: &mut Place,
    found: &mut Vec<Site<'a>>,
) {
    place.steps.push(step);
    collect(class, place, found);
    place.steps.pop();
}

fn collect<'a>(class: &'a FieldClass, place: &mut Place, found: &mut Vec<Site<'a>>) {
    match class {
        FieldClass::Struct(class) => collect_members(&class.members, place, found),
        FieldClass::Array(class) => collect_inside(&class.element, 0, place, found),
        FieldClass::Sequence(class) => {
            found.push(Site {
                place: place.clone(),
                path: &class.length,
                want: Want::Length,
            });
            collect_inside(&class.element, 0, place, found);
        }
        FieldClass::Variant(class) => {
            found.push(Site {
                place: place.clone(),
                path: &class.tag,
                want: Want::Tag,
            });
            collect_members(&class.options, place, found);
        }
        _ => {}
    }
}
