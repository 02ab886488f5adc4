//! Words that no file of the project holds.
//!
//! Marks of unfinished work belong in an issue. Addresses of the place where someone works mean
//! nothing to anyone else: network addresses that are neither loopback nor reserved for documents,
//! and absolute paths of a workplace.

use super::finding::Finding;
use super::house::{House, Text};

const RULE: &str = "text";
// In two halves, so that this file obeys its own rule.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
const PLACES: &[&str] = &[concat!("/wo", "rk/")];

/// Files whose text is other people's, kept as they made it.
const FOREIGN: &[&str] = &[
    "Cargo.lock",
    "fuzz/Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
];
const FOREIGN_FOLDERS: &[&str] = &["/corpus/", "/golden/", "/fixtures/"];

/// No marks of unfinished work, no addresses of a workplace.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    house
        .texts
        .iter()
        .filter(|text| !is_foreign(&text.path))
        .flat_map(check_text)
        .collect()
}

fn is_foreign(path: &str) -> bool {
    FOREIGN.contains(&path) || FOREIGN_FOLDERS.iter().any(|folder| path.contains(folder))
}

fn check_text(text: &Text) -> Vec<Finding> {
    let lines = text.text.lines().enumerate();
    let findings = lines.flat_map(|(at, line)| {
        let finding = move |words| Finding::new(RULE, &text.path, at + 1, words);
        marks(line)
            .chain(places(line))
            .chain(addresses(line))
            .map(finding)
    });
    findings.collect()
}

fn marks(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .filter(|word| MARKS.contains(word))
        .map(|word| format!("`{word}`: finish it, or open an issue"))
}

fn places(line: &str) -> impl Iterator<Item = String> {
    let starts_a_path = |at: usize| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"/._-}*~".contains(c))
    };
    PLACES
        .iter()
        .filter(move |place| line.match_indices(**place).any(|(at, _)| starts_a_path(at)))
        .map(|place| format!("`{place}` is a path of somebody's workplace"))
}

fn addresses(line: &str) -> impl Iterator<Item = String> {
    line.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-' && c != '_')
        .map(|word| word.trim_matches('.'))
        .filter_map(|word| word.parse::<std::net::Ipv4Addr>().ok())
        .filter(|address| !address.is_loopback() && !address.is_unspecified())
        .filter(|address| !address.is_documentation() && !address.is_broadcast())
        .map(|address| format!("`{address}` is a network address of some place"))
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, texts};
    use super::*;

    #[track_caller]
    fn check_line(line: &str, expected: &[&str]) {
        expect(
            &check(&texts(&[("docs/page.md", &format!("# Title\n{line}\n"))])),
            expected,
        );
    }

    #[test]
    fn plain_words_pass() {
        check_line(
            "Version 1.95, on 127.0.0.1:80 or 192.0.2.7, below target/work/out: done.",
            &[],
        );
    }

    #[test]
    fn a_mark_of_unfinished_work_is_found() {
        check_line(
            &format!("// {}: later", MARKS[0]),
            &["docs/page.md:2: text: "],
        );
        check_line(&format!("({})", MARKS[1]), &["finish it, or open an issue"]);
        check_line(&format!("mktemp out.{}{}", MARKS[2], MARKS[2]), &[]);
    }

    #[test]
    fn a_path_of_a_workplace_is_found() {
        check_line(
            &format!("cd {}main", PLACES[0]),
            &["is a path of somebody's workplace"],
        );
        check_line(&format!("cd target{}main", PLACES[0]), &[]);
    }

    #[test]
    fn a_network_address_is_found() {
        let address = ["10", "1", "2", "3"].join(".");
        check_line(
            &format!("connect to {address}:8080."),
            &["is a network address"],
        );
        check_line(&format!("release v{address}-rc"), &[]);
    }

    #[test]
    fn other_people_s_text_is_theirs() {
        let line = format!("{}\n", MARKS[0]);
        expect(
            &check(&texts(&[("crates/kbuf/tests/golden/format", &line)])),
            &[],
        );
    }
}
