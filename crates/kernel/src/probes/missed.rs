//! Calls that probes have missed: the kernel counts them where it counts the hits.

use std::collections::BTreeMap;

use crate::{Tracefs, text};

/// How many calls each probe in the kernel has missed, by its event's name; those that missed none are
/// left out.
pub(crate) fn missed(tracefs: &Tracefs) -> BTreeMap<String, u64> {
    let profile = text::read(&tracefs.root().join("kprobe_profile")).unwrap_or_default();
    parse(&profile)
}

/// Lines of event, hits and misses. Events of several recordings may have one name: then the most.
fn parse(profile: &str) -> BTreeMap<String, u64> {
    let mut missed = BTreeMap::new();
    for line in profile.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [name, _, misses] = words[..]
            && let Ok(misses @ 1..) = misses.parse()
        {
            let most: &mut u64 = missed.entry(name.to_owned()).or_default();
            *most = misses.max(*most);
        }
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_are_told_by_name() {
        let profile =
            "  open      12      0\n  close__return      7      3\n  close__return 1 2\n?\n";
        let missed: Vec<(String, u64)> = parse(profile).into_iter().collect();
        assert_eq!(missed, [("close__return".to_owned(), 3)]);
    }
}
