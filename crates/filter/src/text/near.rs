//! Names that look like a mistyped one: of a filter's fields and contexts, and of whatever else a user
//! types.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// At most three of `names`: those that are nearest to `typed`, or, if none is near, those that it is
/// part of, best first.
pub fn names<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let distance = |name: &'a str| (distance(typed.as_bytes(), name.as_bytes()), name);
    let mut scored: Vec<(usize, &str)> = names.map(distance).collect();
    scored.sort_unstable();
    scored.dedup();
    let nearest = scored.first().map_or(0, |score| score.0);
    match nearest <= 1 + typed.len() / 4 {
        true => scored.retain(|score| score.0 == nearest),
        false => scored.retain(|(_, name)| typed.len() >= 3 && name.contains(typed)),
    }
    let best = scored.into_iter().take(3);
    best.map(|(_, name)| name.to_string()).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = alloc::vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            let mut best = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = core::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_right_one() {
        let all = ["size", "vpid", "vtid", "name_length", "vpid"];
        assert_eq!(names("szie", all.into_iter()), ["size"]);
        assert_eq!(names("pid", all.into_iter()), ["vpid"]);
        assert_eq!(names("length", all.into_iter()), ["name_length"]);
        assert!(names("moon", all.into_iter()).is_empty());
    }

    #[test]
    fn a_part_of_a_name_finds_it_if_nothing_is_near() {
        let all = ["irq_handler_entry", "irq_handler_exit", "hrtimer_start"];
        let near = names("handler", all.into_iter());
        assert_eq!(near, ["irq_handler_exit", "irq_handler_entry"]);
        assert_eq!(names("hrtimer_strat", all.into_iter()), ["hrtimer_start"]);
    }
}
