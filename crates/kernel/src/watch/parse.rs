//! From a one-liner's text to what it says.
//!
//! ```text
//!   count(), avg(ret)   of syscall:read   by comm, fd   where ret > 0
//!   aggregates          source            keys          a filter, to the end
//! ```
//!
//! The words between are looked for outside of quotes and parentheses; what stands between them is for
//! the parser of crate `filter`.

use std::str::FromStr;

use thalweg_filter::{Filter, near_names};

use super::spec::{Aggregate, Expression, Function, WatchError, WatchSpec};

/// Keys that a group can have.
const MOST_KEYS: usize = 4;
/// What can be made of each group.
const MOST_AGGREGATES: usize = 8;

const WORDS: [&str; 3] = ["of", "by", "where"];

/// A part of the text, and how many characters stand before it.
#[derive(Clone, Copy)]
struct Part<'t> {
    before: usize,
    text: &'t str,
}

impl FromStr for WatchSpec {
    type Err = WatchError;

    fn from_str(text: &str) -> Result<Self, WatchError> {
        let [aggregates, of, by, filter] = sections(text)?;
        let aggregates = aggregates.expect("there is always a front");
        let aggregates = list(aggregates, MOST_AGGREGATES, "aggregates")?;
        let keys = match by {
            Some(by) => list(by, MOST_KEYS, "keys")?,
            None => Vec::new(),
        };
        let source = of.map(|of| match of.text {
            "" => Err(WatchError::at(
                of.before + 1,
                "expected an event behind `of`",
            )),
            text => Ok((of.before + 1, text.to_owned())),
        });
        Ok(Self {
            aggregates: aggregates
                .into_iter()
                .map(aggregate)
                .collect::<Result<_, _>>()?,
            source: source.transpose()?,
            keys: keys.into_iter().map(value).collect::<Result<_, _>>()?,
            filter: filter
                .map(|filter| expression(filter, str::parse))
                .transpose()?,
        })
    }
}

impl<'t> Part<'t> {
    /// Without blanks at its ends.
    fn trimmed(self) -> Self {
        let text = self.text.trim_start();
        let blanks = self.text[..self.text.len() - text.len()].chars().count();
        Self {
            before: self.before + blanks,
            text: text.trim_end(),
        }
    }

    /// The part of it between two bytes.
    fn within(self, from: usize, to: usize) -> Self {
        Self {
            before: self.before + self.text[..from].chars().count(),
            text: &self.text[from..to],
        }
        .trimmed()
    }
}

/// Where characters stand outside of quotes and parentheses.
fn open_places(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quote, mut is_escaped, mut depth) = (None, false, 0_usize);
    text.char_indices().filter(move |(_, c)| {
        if let Some(end) = quote {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                c if *c == end => quote = None,
                _ => {}
            }
            return false;
        }
        match c {
            '"' | '\'' => quote = Some(*c),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    })
}

/// Front, and what stands behind each of the words.
fn sections(text: &str) -> Result<[Option<Part<'_>>; 4], WatchError> {
    let whole = Part { before: 0, text };
    let mut sections = [None; 4];
    let (mut current, mut from, mut behind_word) = (0, 0, 0);
    for (at, _) in open_places(text) {
        if at < behind_word || current == WORDS.len() {
            continue;
        }
        let Some(word) = word_at(text, at) else {
            continue;
        };
        behind_word = at + word.len();
        let Some(place) = WORDS.iter().position(|known| *known == word) else {
            continue;
        };
        if place < current {
            let column = whole.within(at, behind_word).before + 1;
            let order = "the order is: aggregates, of EVENT, by KEYS, where FILTER";
            return Err(WatchError::at(
                column,
                format!("`{word}` stands too late; {order}"),
            ));
        }
        sections[current] = Some(whole.within(from, at));
        (current, from) = (place + 1, behind_word);
    }
    sections[current] = Some(whole.within(from, text.len()));
    Ok(sections)
}

/// The word that begins at a byte.
fn word_at(text: &str, at: usize) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == ':';
    let begins = !text[..at]
        .chars()
        .next_back()
        .is_some_and(|c| is_part(c) || c == '.');
    let rest = &text[at..];
    let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    (begins && len > 0).then(|| &rest[..len])
}

/// What stands between commas.
fn list<'t>(part: Part<'t>, most: usize, what: &str) -> Result<Vec<Part<'t>>, WatchError> {
    let mut found = Vec::new();
    let mut from = 0;
    let commas = open_places(part.text).filter(|(_, c)| *c == ',');
    let ends: Vec<usize> = commas.map(|(at, _)| at).chain([part.text.len()]).collect();
    for end in ends {
        found.push(part.within(from, end));
        from = end + 1;
    }
    match found.get(most) {
        None => Ok(found),
        Some(beyond) => Err(WatchError::at(
            beyond.before + 1,
            format!("there can be {most} {what}, not more"),
        )),
    }
}

fn aggregate(part: Part<'_>) -> Result<Aggregate, WatchError> {
    let here = |why: String| WatchError::at(part.before + 1, why);
    let called = part
        .text
        .strip_suffix(')')
        .and_then(|text| text.split_once('('));
    let Some((name, argument)) = called else {
        let found = match part.text {
            "" => "nothing".to_owned(),
            text => format!("`{text}`"),
        };
        return Err(here(format!(
            "expected {}, found {found}",
            "count(), or sum, min, max, avg, quantiles or histogram of a number, as in max(ret)"
        )));
    };
    let all = Function::ALL.iter();
    let Some(&function) = all.clone().find(|function| function.name() == name.trim()) else {
        let near = near_names(name.trim(), all.map(|function| function.name()));
        let near = match near.is_empty() {
            true => Function::ALL.map(Function::name).join(", "),
            false => format!("did you mean {}?", near.join(" or ")),
        };
        return Err(here(format!(
            "there is no aggregate `{}`; {near}",
            name.trim()
        )));
    };
    let argument = part.within(name.len() + 1, name.len() + 1 + argument.len());
    let is_empty = argument.text.is_empty();
    let column = argument.before + 1;
    let argument = match (function, is_empty) {
        (Function::Count, true) => None,
        (Function::Count, false) => {
            let why = "count() takes nothing: what counts is said behind `where`";
            return Err(WatchError::at(column, why));
        }
        (_, true) => {
            let why = format!("{}() takes a number, as in {0}(ret)", function.name());
            return Err(WatchError::at(column, why));
        }
        (_, false) => Some(value(argument)?),
    };
    Ok(Aggregate {
        function,
        argument,
        text: part.text.to_owned(),
    })
}

fn value(part: Part<'_>) -> Result<Expression, WatchError> {
    expression(part, Filter::of_value)
}

fn expression(
    part: Part<'_>,
    parse: impl FnOnce(&str) -> Result<Filter, thalweg_filter::Error>,
) -> Result<Expression, WatchError> {
    let filter = parse(part.text)
        .map_err(|error| WatchError::at(part.before + error.column, error.problem.to_string()))?;
    Ok(Expression {
        filter,
        text: part.text.to_owned(),
        before: part.before,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a one-liner says, or what is wrong with it.
    fn said(text: &str) -> String {
        let spec: WatchSpec = match text.parse() {
            Ok(spec) => spec,
            Err(error) => return error.to_string(),
        };
        let expression = |one: &Expression| format!("{}@{}", one.text, one.before);
        let aggregates = spec.aggregates.iter().map(|one| {
            let argument = one.argument.as_ref().map(expression).unwrap_or_default();
            format!("{}({argument})", one.function.name())
        });
        let keys = spec.keys.iter().map(expression);
        [
            aggregates.collect::<Vec<_>>().join(" "),
            spec.source
                .iter()
                .map(|(at, of)| format!("{of}@{at}"))
                .collect(),
            keys.collect::<Vec<_>>().join(" "),
            spec.filter.iter().map(expression).collect(),
        ]
        .join("|")
    }

    #[test]
    fn each_part_is_found_with_its_place() {
        assert_eq!(said("count()"), "count()|||");
        assert_eq!(
            said("count() by comm where syscall == \"openat\""),
            "count()||comm@11|syscall == \"openat\"@22"
        );
        assert_eq!(
            said(" sum( ret ),max(ret/2)  of syscall:read by comm , fd"),
            "sum(ret@6) max(ret/2@16)|syscall:read@28|comm@43 fd@50|"
        );
        assert_eq!(
            said("count() of sched:* where comm == \"a by where b\" && (by == 1)"),
            "count()|sched:*@12||comm == \"a by where b\" && (by == 1)@25"
        );
        assert_eq!(
            said("avg(a) by x.by, $ctx.tid"),
            "avg(a@4)||x.by@10 $ctx.tid@16|"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(
            said("cuont() by comm"),
            "column 1: there is no aggregate `cuont`; did you mean count?"
        );
        assert_eq!(
            said("count(), mix(ret)"),
            "column 10: there is no aggregate `mix`; did you mean max or min?"
        );
        assert!(said("comm").starts_with("column 1: expected count(), or sum"));
        assert!(said("").ends_with("found nothing"));
        assert!(said("count() by a,b,c,d,e").starts_with("column 20: there can be 4 keys"));
        assert_eq!(
            said("count() where a > && 1"),
            "column 19: expected a value, found `&&`"
        );
        assert_eq!(
            said("count() by "),
            "column 12: expected a value, found the end"
        );
        assert!(said("count(a)").starts_with("column 7: count() takes nothing"));
        assert!(said("sum()").starts_with("column 5: sum() takes a number"));
        assert!(said("count() by a of b").starts_with("column 14: `of` stands too late"));
        assert!(said("count() of ").starts_with("column 12: expected an event"));
    }
}
