//! Which events a collector wants: rules as text, so that program and collector decide alike.
//!
//! ```text
//! enable shop:*            a rule: every event whose name matches …
//! exclude shop:secret*     … but not these …
//! at-least 6               … and that is as severe as level 6, or more …
//! exactly 4                … or of this very level …
//! filter 0a1b…             … and passes this filter, as portable bytecode in hexadecimal …
//! enable *                 the next rule
//! ```
//!
//! An event is wanted if any rule wants it. A line that is not known makes its rule want nothing: it
//! comes from a newer collector, and to record too little is better than what nobody asked for.

use crate::glob::glob_matches;

/// The rules of one collector.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'t>(&'t [u8]);

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'t> {
    pattern: &'t [u8],
    /// The lines that narrow it.
    rest: &'t [u8],
}

/// The word that begins a rule.
pub const ENABLE: &str = "enable";
/// The word before a pattern of names that a rule leaves out.
pub const EXCLUDE: &str = "exclude";
/// The word before the least severe level that a rule takes.
pub const AT_LEAST: &str = "at-least";
/// The word before the only level that a rule takes.
pub const EXACTLY: &str = "exactly";
/// The word before the bytecode of a rule's filter.
pub const FILTER: &str = "filter";

/// What rules say of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No rule wants it.
    Unwanted,
    /// A rule wants it, whatever its fields hold.
    Wanted,
    /// Only rules with filters want it.
    Filtered,
}

impl<'t> Rules<'t> {
    /// The rules in `text`; what stands before the first of them is passed over.
    pub const fn new(text: &'t [u8]) -> Self {
        Self(text)
    }

    /// Whether any rule wants the event of this name and level, and on which condition.
    pub fn verdict(self, name: &[u8], level: u8) -> Verdict {
        let mut verdict = Verdict::Unwanted;
        for rule in self.iter().filter(|rule| rule.wants(name, level)) {
            if rule.filter().is_none() {
                return Verdict::Wanted;
            }
            verdict = Verdict::Filtered;
        }
        verdict
    }

    /// The filters of the rules that want the event, as hexadecimal bytecode.
    pub fn filters(self, name: &[u8], level: u8) -> impl Iterator<Item = &'t [u8]> {
        let rules = self.iter().filter(move |rule| rule.wants(name, level));
        rules.filter_map(|rule| rule.filter())
    }

    /// Whether any rule has a filter.
    pub fn have_filters(self) -> bool {
        self.iter().any(|rule| rule.filter().is_some())
    }

    /// Each rule.
    pub fn iter(self) -> impl Iterator<Item = Rule<'t>> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            loop {
                let (key, pattern, behind) = next_line(rest)?;
                rest = behind;
                if key == ENABLE.as_bytes() {
                    return Some(Rule { pattern, rest });
                }
            }
        })
    }
}

impl<'t> Rule<'t> {
    /// Its filter, as hexadecimal bytecode.
    pub fn filter(&self) -> Option<&'t [u8]> {
        let mut rest = self.rest;
        while let Some((key, value, behind)) = next_line(rest) {
            match key {
                b"enable" => return None,
                b"filter" => return Some(value),
                _ => rest = behind,
            }
        }
        None
    }

    /// Whether the rule wants the event of this name and level.
    pub fn wants(&self, name: &[u8], level: u8) -> bool {
        glob_matches(self.pattern, name) && self.allows(name, level)
    }

    fn allows(&self, name: &[u8], level: u8) -> bool {
        let mut rest = self.rest;
        while let Some((key, value, behind)) = next_line(rest) {
            rest = behind;
            let allowed = match key {
                b"enable" => return true,
                b"exclude" => !glob_matches(value, name),
                b"at-least" => number(value).is_some_and(|most| level <= most),
                b"exactly" => number(value) == Some(level),
                b"filter" => true,
                _ => key.is_empty(),
            };
            if !allowed {
                return false;
            }
        }
        true
    }
}

/// The key, the value and what is behind the next line.
fn next_line(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    let end = text.iter().position(|&byte| byte == b'\n');
    let (line, behind) = match end {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[][..]),
    };
    let (key, value) = split_key(line);
    Some((key, value, behind))
}

/// The first word of a line, and what follows the space behind it.
pub fn split_key(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|&byte| byte == b' ') {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[]),
    }
}

fn number(text: &[u8]) -> Option<u8> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &str, name: &str, level: u8, expected: bool) {
        let rules = Rules::new(rules.as_bytes());
        let verdict = rules.verdict(name.as_bytes(), level);
        assert_eq!(verdict == Verdict::Wanted, expected);
    }

    #[test]
    fn any_rule_can_want_an_event() {
        check("", "shop:order", 6, false);
        check("enable shop:*", "shop:order", 6, true);
        check("enable a:*\nenable shop:*\n", "shop:order", 6, true);
        check("slot 0\nclock tsc\nenable a:*\n", "shop:order", 6, false);
    }

    #[test]
    fn exclusions_and_levels_narrow_their_own_rule() {
        let rules = "enable shop:*\nexclude shop:secret*\nexclude *:x\nenable b:*\n";
        check(rules, "shop:order", 6, true);
        check(rules, "shop:secrets", 6, false);
        check(rules, "shop:x", 6, false);
        check(rules, "b:x", 6, true);
        check("enable *\nat-least 6\n", "a:b", 6, true);
        check("enable *\nat-least 6\n", "a:b", 4, true);
        check("enable *\nat-least 6\n", "a:b", 7, false);
        check("enable *\nexactly 6\n", "a:b", 6, true);
        check("enable *\nexactly 6\n", "a:b", 4, false);
        check("enable *\nexactly 6\nenable *\nexactly 4\n", "a:b", 4, true);
    }

    #[test]
    fn a_rule_that_is_not_understood_wants_nothing() {
        check("enable *\nonly-on-sundays 1\n", "a:b", 6, false);
        check("enable *\nat-least many\n", "a:b", 6, false);
        check("enable *\nonly-on-sundays 1\nenable a:*\n", "a:b", 6, true);
    }

    #[test]
    fn filters_count_unless_another_rule_wants_the_event_anyhow() {
        let rules =
            Rules::new(b"enable a:*\nfilter 01\nenable *:b\nat-least 6\nfilter 02\nenable c:*\n");
        assert!(rules.have_filters());
        let filters = |name: &str, level| {
            let mut found = rules.filters(name.as_bytes(), level);
            [found.next(), found.next(), found.next()]
        };
        assert_eq!(rules.verdict(b"a:b", 6), Verdict::Filtered);
        assert_eq!(filters("a:b", 6), [Some(&b"01"[..]), Some(b"02"), None]);
        assert_eq!(filters("a:b", 7), [Some(&b"01"[..]), None, None]);
        assert_eq!(rules.verdict(b"c:b", 6), Verdict::Wanted);
        assert_eq!(rules.verdict(b"d:d", 6), Verdict::Unwanted);
    }
}
