//! What of a trace is asked for.

use thalweg_filter::Filter;
use thalweg_model::TraceClass;

/// What a reader yields: everything, if nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// No event before this time, in nanoseconds since the Unix epoch.
    pub begin_ns: Option<i64>,
    /// No event after this time.
    pub end_ns: Option<i64>,
    /// Only events of these names, in which `*` stands for anything; all, if there is no name.
    pub only: Vec<String>,
    /// Only events that this filter passes.
    pub filter: Option<Filter>,
}

impl Selection {
    /// Which of a trace's events have one of the names.
    pub(crate) fn named(&self, class: &TraceClass) -> Vec<bool> {
        let is_named =
            |name: &str| self.only.is_empty() || self.only.iter().any(|only| matches(only, name));
        class.events.iter().map(|e| is_named(&e.name)).collect()
    }
}

/// Whether a pattern with stars matches all of a name.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("*c", "abcd", false),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
