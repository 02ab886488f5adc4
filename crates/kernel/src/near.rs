//! Names that look like a mistyped one.

/// At most three of `names` that are nearest to `typed`, best first.
pub fn names<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let bare = typed
        .rsplit(':')
        .next()
        .unwrap_or(typed)
        .trim_matches(['*', '?']);
    let mut scored: Vec<(usize, &str)> = names
        .filter_map(|name| score(bare, name).map(|score| (score, name)))
        .collect();
    scored.sort_unstable();
    scored.dedup();
    scored
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// How far apart two names are; `None` if they have nothing to do with each other.
fn score(typed: &str, name: &str) -> Option<usize> {
    let distance = distance(typed, name);
    let contains = typed.len() >= 4 && name.contains(typed);
    (contains || distance <= 1 + typed.len() / 4).then_some(distance)
}

/// Insertions, deletions and replacements that turn one into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_finds_the_right_one() {
        let all = [
            "sched_switch",
            "sched_wakeup",
            "irq_handler_entry",
            "sched_waking",
        ];
        assert_eq!(names("sched_swich", all.into_iter())[0], "sched_switch");
        assert_eq!(
            names("sched:sched_wakup", all.into_iter())[0],
            "sched_wakeup"
        );
        assert_eq!(names("handler", all.into_iter()), ["irq_handler_entry"]);
        assert!(names("zzz", all.into_iter()).is_empty());
    }
}
