//! Names that look like a mistyped one.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

/// At most three of `names`: those that are nearest to `typed`, if any is near.
pub(crate) fn names<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = 1 + typed.len() / 4;
    let mut scored: Vec<(usize, &str)> = names
        .map(|name| (distance(typed.as_bytes(), name.as_bytes()), name))
        .filter(|(distance, name)| *distance <= limit || (typed.len() >= 3 && name.contains(typed)))
        .collect();
    scored.sort_unstable();
    let nearest = scored.first().map_or(0, |score| score.0);
    scored.retain(|score| score.0 == nearest);
    scored.truncate(3);
    scored
        .into_iter()
        .map(|(_, name)| name.to_string())
        .collect()
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
        let all = ["size", "vpid", "vtid", "name_length"];
        assert_eq!(names("szie", all.into_iter()), ["size"]);
        assert_eq!(names("pid", all.into_iter()), ["vpid"]);
        assert_eq!(names("length", all.into_iter()), ["name_length"]);
        assert!(names("moon", all.into_iter()).is_empty());
    }
}
