//! Which sites of a program a recording wants, and what its filters say of their fields.

use thalweg_abi::filters::Filters;
use thalweg_abi::rules::{Rules, Verdict};
use thalweg_filter::{Event, Room};
use thalweg_model::{FieldClass, Member, StructClass};

use super::definitions::{Declared, Site};

/// How a site is to be turned on; `None` if nobody wants it.
///
/// A filter that cannot be carried out leaves the event out: too little is better than what nobody
/// asked for.
pub(super) fn how(
    rules: Rules<'_>,
    index: usize,
    site: &Site,
    filters: Filters<'_>,
    room: &mut Room,
) -> Option<bool> {
    let (name, level) = (site.name.as_bytes(), site.level as u8);
    match rules.verdict(name, level) {
        Verdict::Unwanted => None,
        Verdict::Wanted => Some(false),
        Verdict::Filtered => {
            let site_index = u16::try_from(index).ok()?;
            let event = Event {
                site: site_index,
                name,
                level,
            };
            let lookup = |name: &[u8], _: Option<u32>| index_of(site, name);
            thalweg_filter::apply(filters, rules, event, lookup, room).then_some(true)
        }
    }
}

/// The index of a field for linked code, as the program itself would say.
fn index_of(site: &Site, name: &[u8]) -> Option<u16> {
    let find = |mut names: &mut dyn Iterator<Item = &Member>, name: &[u8]| {
        Iterator::position(&mut names, |known| known.name.as_bytes() == name)
    };
    let fields = || {
        site.fields
            .iter()
            .filter_map(|field| member(&site.payload, field))
    };
    let member_of = |field: usize, name: &[u8]| match &fields().nth(field)?.class {
        FieldClass::Struct(class) => find(&mut class.members.iter(), name),
        _ => None,
    };
    thalweg_filter::index_of(name, |name| find(&mut fields(), name), member_of)
}

/// A field as it was declared; a list's length is none.
fn member<'s>(payload: &'s StructClass, field: &'s Declared) -> Option<&'s Member> {
    match field {
        Declared::Written { member } => payload.members.get(*member),
        Declared::FilterOnly { class } => class.members.last(),
    }
}
