//! `--kernel-filter`: an expression, and the events that it is for.
//!
//! ```text
//!   prev_tid == 1                         all events of the kernel that are recorded
//!   sched_switch,sched_w*: prio < 20      these
//! ```
//!
//! No expression has a colon and a space outside of a text, and no pattern has a quote.

use std::str::FromStr;

use thalweg_filter::{Error, Filter};
use thalweg_kernel::EventFilter;

/// One `--kernel-filter`.
#[derive(Clone, Debug)]
pub(crate) struct KernelFilter(pub(crate) EventFilter);

impl FromStr for KernelFilter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (patterns, expression) = match text.split_once(": ") {
            Some((patterns, expression)) if patterns.chars().all(is_of_pattern) => {
                (Some(patterns), expression)
            }
            _ => (None, text),
        };
        let before = text.chars().count() - expression.chars().count();
        let filter: Result<Filter, Error> = expression.parse();
        let filter = filter.map_err(|error| Error {
            column: error.column + before,
            ..error
        })?;
        let list = |patterns: &str| {
            let patterns = patterns.split(',').map(str::trim);
            patterns
                .filter(|pattern| !pattern.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Ok(Self(EventFilter {
            patterns: patterns.map(list),
            filter,
            text: text.to_owned(),
            is_used_elsewhere: false,
        }))
    }
}

fn is_of_pattern(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_*?:,- ".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<Vec<String>>, String) {
        let KernelFilter(filter) = text.parse().unwrap();
        (filter.patterns, format!("{:?}", filter.filter))
    }

    #[test]
    fn what_stands_before_a_colon_and_a_space_is_what_it_is_for() {
        let of = |text: &str| format!("{:?}", text.parse::<Filter>().unwrap());
        let all = |text: &str| assert_eq!(parsed(text), (None, of(text)));
        all("prio < 20");
        all("comm == \"a: b\"");
        let (patterns, filter) = parsed("sched_switch, irq:*: prio < 20");
        let expected = ["sched_switch", "irq:*"].map(str::to_owned).to_vec();
        assert_eq!((patterns, filter), (Some(expected), of("prio < 20")));
    }

    #[test]
    fn a_column_is_that_of_the_whole_argument() {
        let told = "irq: a > && 1".parse::<KernelFilter>().unwrap_err();
        assert!(told.to_string().starts_with("column 10: "), "{told}");
    }
}
