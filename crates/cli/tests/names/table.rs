//! Events of a trace beside LTTng's of the same names.

use std::collections::BTreeMap;

use thalweg_model::{EventClass, StructClass};

use crate::deviations::reason;
use crate::listing::{differences, fields};

/// What LTTng's listing says of each event.
pub(crate) type Listing = BTreeMap<&'static str, Vec<String>>;

/// An event of ours that LTTng has, too.
pub(crate) struct Row {
    pub(crate) event: String,
    pub(crate) fields: Vec<String>,
    /// A difference, and its reason if there is one.
    pub(crate) differences: Vec<(String, Option<&'static str>)>,
    /// Fields of ours behind all of LTTng's.
    pub(crate) more: Vec<String>,
}

/// Some of a trace's events.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) rows: Vec<Row>,
    /// Events that LTTng does not have.
    pub(crate) own: usize,
}

impl Group {
    /// The events that are meant, each once.
    pub(crate) fn of<'e>(
        events: impl Iterator<Item = &'e EventClass>,
        listing: &Listing,
        is_meant: impl Fn(&str) -> bool,
    ) -> Self {
        let meant = events.filter(|event| is_meant(&event.name));
        let meant: BTreeMap<&str, &StructClass> =
            meant.map(|event| (&*event.name, &event.payload)).collect();
        let mut group = Self::default();
        for (event, payload) in meant {
            match listing.get(event) {
                Some(listed) => group.rows.push(Row::new(event, payload, listed)),
                None => group.own += 1,
            }
        }
        group
    }

    /// Events that have all of LTTng's fields, types and order, and maybe more behind.
    pub(crate) fn same(&self) -> usize {
        let rows = self.rows.iter();
        rows.filter(|row| row.differences.is_empty()).count()
    }

    /// Differences for which there is no reason.
    pub(crate) fn unargued(&self) -> impl Iterator<Item = String> {
        self.rows.iter().flat_map(|row| {
            let unargued = row.differences.iter().filter(|(_, why)| why.is_none());
            unargued.map(|(difference, _)| format!("{}: {difference}", row.event))
        })
    }
}

impl Row {
    fn new(event: &str, payload: &StructClass, listed: &[String]) -> Self {
        let all = differences(payload, listed);
        let fields = fields(payload);
        let last = fields.iter().rposition(|field| listed.contains(field));
        let behind = &fields[last.map_or(0, |last| last + 1)..];
        // If one of LTTng's is missing, what is behind may stand for it.
        let is_whole = listed.iter().all(|field| fields.contains(field));
        let is_more = |difference: &&String| {
            let added = difference.strip_prefix('+');
            is_whole && added.is_some_and(|added| behind.iter().any(|field| field == added))
        };
        let (more, differing): (Vec<&String>, Vec<&String>) = all.iter().partition(is_more);
        let differing = differing.into_iter();
        Self {
            event: event.to_owned(),
            differences: differing
                .map(|difference| (difference.clone(), reason(event, difference, &all)))
                .collect(),
            more: more.into_iter().map(|more| more[1..].to_owned()).collect(),
            fields,
        }
    }
}
