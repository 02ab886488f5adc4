//! Ids of spans as a text can show them that is the same at each run.

use std::collections::BTreeMap;

/// Ids in fields whose names end with `_id` become `#1`, `#2`, … in the order in which they appear; none is
/// `#0`.
pub fn with_ids_numbered(text: &str) -> String {
    let mut ids = BTreeMap::from([("0", 0), ("0x0", 0)]);
    let mut last = 0;
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let mut out = String::new();
    for (at, word) in words.iter().enumerate() {
        let is_id = at >= 2 && words[at - 2].ends_with("_id ") && !word.starts_with('"');
        let number = word.trim_end_matches([' ', ',']);
        if is_id {
            let id = *ids.entry(number).or_insert_with(|| {
                last += 1;
                last
            });
            out.push_str(&word.replace(number, &format!("#{id}")));
        } else {
            out.push_str(word);
        }
    }
    out
}
