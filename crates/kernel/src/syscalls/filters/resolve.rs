//! Which filter is for which event, and what it leaves out.

use thalweg_filter::tracefs::Refusal;
use thalweg_filter::{Expr, Literal, Logic, Node};
use thalweg_kbuf::{Side, SyscallEvent};

use super::super::calls::Calls;
use super::super::recording::FilterReport;
use super::contexts::TaskContexts;
use super::fields::CallFields;
use super::variant::{Variant, Variants};
use crate::predicate::check;
use crate::{Error, EventFilter, glob};

/// Programs with more ways to test than these would be too large.
const MOST_VARIANTS: usize = 400;

/// What filters are of a recording's calls.
#[derive(Debug)]
pub(in crate::syscalls) struct Resolved<'e> {
    /// Those of entries, and of exits.
    pub(in crate::syscalls) variants: [Variants<'e>; 2],
    /// For each event the number of its variant; 0 if it has no filter.
    pub(in crate::syscalls) numbers: Vec<u16>,
    pub(in crate::syscalls) report: FilterReport,
    /// Events of which no filter lets any pass.
    pub(in crate::syscalls) never: Vec<usize>,
}

/// What became of the filters of one event.
enum Fate<'e> {
    Free,
    Tested(Variant<'e>),
    Never,
}

/// Looks for each event's filters.
///
/// # Errors
/// A program cannot test one.
pub(in crate::syscalls) fn resolve<'e>(
    calls: &'e Calls,
    contexts: &'e TaskContexts,
    filters: &[EventFilter],
) -> Result<Resolved<'e>, Error> {
    let mut resolver = Resolver {
        contexts,
        filters,
        are_used: vec![false; filters.len()],
        unfit: filters.iter().map(|_| None).collect(),
        left_out: vec![Vec::new(); filters.len()],
    };
    let mut sides: [Vec<Variant<'e>>; 2] = [Vec::new(), Vec::new()];
    let mut keys: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    let (mut numbers, mut never) = (vec![0; calls.events().len()], Vec::new());
    for (place, event) in calls.events().iter().enumerate() {
        let variant = match resolver.event(event)? {
            Fate::Free => continue,
            Fate::Tested(variant) => variant,
            Fate::Never => {
                never.push(place);
                continue;
            }
        };
        let (side, key) = (event.side() as usize, variant.key());
        let known = keys[side].iter().position(|known| *known == key);
        let number = known.unwrap_or_else(|| {
            keys[side].push(key);
            sides[side].push(variant);
            keys[side].len() - 1
        });
        if number >= MOST_VARIANTS {
            return Err(Error::UselessFilter {
                filter: filters[0].text.clone(),
                why: "with others it is for too many different system calls; say which: \
                      'PATTERNS: EXPRESSION'",
            });
        }
        numbers[place] = number as u16 + 1;
    }
    Ok(Resolved {
        variants: sides.map(|all| Variants { all, contexts }),
        numbers,
        report: resolver.report(),
        never,
    })
}

struct Resolver<'f, 'e> {
    contexts: &'e TaskContexts,
    filters: &'f [EventFilter],
    are_used: Vec<bool>,
    unfit: Vec<Option<Error>>,
    /// For each filter the events that it leaves out, and why.
    left_out: Vec<Vec<(String, String)>>,
}

impl<'e> Resolver<'_, 'e> {
    fn event(&mut self, event: &'e SyscallEvent) -> Result<Fate<'e>, Error> {
        let places = 0..self.filters.len();
        let meant: Vec<usize> = places
            .filter(|place| is_for(&self.filters[*place], event))
            .collect();
        if meant.is_empty() {
            return Ok(Fate::Free);
        }
        let folded: Vec<Expr> = meant
            .iter()
            .map(|place| self.filters[*place].filter.folded())
            .collect();
        let fields = CallFields::new(event, self.contexts, &folded.iter().collect::<Vec<_>>());
        let mut parts = Vec::new();
        for (place, folded) in meant.iter().zip(folded) {
            let filter = &self.filters[*place];
            let why = match check(&filter.filter, &fields) {
                Ok(()) => match parts_of(folded) {
                    Some(all) => {
                        parts.extend(all);
                        continue;
                    }
                    None => "it never passes".to_owned(),
                },
                Err(why @ Refusal::Unfit(_)) => {
                    let words = why.to_string();
                    self.unfit[*place].get_or_insert(refused(event, why));
                    words
                }
                Err(why) => return Err(refused(event, why)),
            };
            self.left_out[*place].push((event.name.clone(), why));
            return Ok(Fate::Never);
        }
        meant.iter().for_each(|place| self.are_used[*place] = true);
        if parts.is_empty() {
            return Ok(Fate::Free);
        }
        let variant = Variant::new(fields, parts);
        match variant.check() {
            Ok(()) => Ok(Fate::Tested(variant)),
            Err(why) => Err(refused(event, why)),
        }
    }

    /// In one line for each filter that is used, however many events it is about.
    fn report(self) -> FilterReport {
        let filters = self.filters.iter().zip(&self.are_used);
        let told = filters.zip(&self.left_out);
        let told = told.filter(|((_, is_used), _)| **is_used);
        let left_out = told.filter_map(|((filter, _), left_out)| filter.left_out(left_out));
        FilterReport {
            left_out: left_out.collect(),
            are_used: self.are_used,
            unfit: self.unfit,
        }
    }
}

fn refused(event: &SyscallEvent, why: Refusal) -> Error {
    Error::KernelFilter {
        event: event.name.clone(),
        why,
    }
}

/// What must be true, each by itself; `None` if something never is.
fn parts_of(folded: Expr) -> Option<Vec<Expr>> {
    let parts = match folded.node {
        Node::Logic(Logic::And, parts) => parts,
        _ => vec![folded],
    };
    let mut rest = Vec::new();
    for part in parts {
        match &part.node {
            Node::Literal(Literal::Int(0)) => return None,
            Node::Literal(Literal::Int(_)) => {}
            _ => rest.push(part),
        }
    }
    Some(rest)
}

/// Whether a filter is for an event: by its name in the trace, by the call's, by the kernel's.
fn is_for(filter: &EventFilter, event: &SyscallEvent) -> bool {
    let Some(patterns) = &filter.patterns else {
        return true;
    };
    let name = event.name.as_str();
    let call = ["syscall_entry_", "syscall_exit_"]
        .into_iter()
        .find_map(|side| name.trim_start_matches("compat_").strip_prefix(side));
    let call = call.unwrap_or(name);
    let kernel = match event.side() {
        Side::Entry => format!("sys_enter_{call}"),
        Side::Exit => format!("sys_exit_{call}"),
    };
    patterns.iter().any(|pattern| {
        let of_system = pattern.strip_prefix("syscalls:");
        pattern == "syscalls"
            || of_system.is_some_and(|pattern| glob::matches(pattern, &kernel))
            || [name, call, &kernel]
                .iter()
                .any(|name| glob::matches(pattern, name))
    })
}
