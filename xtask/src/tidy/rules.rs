//! All rules, and the command that applies them.

use std::path::Path;

use anyhow::{Result, bail};

use super::finding::Finding;
use super::house::House;
use super::{dependencies, layers, licences, purity, shape, text, tiers, unsafety};

const RULES: &[fn(&House) -> Vec<Finding>] = &[
    layers::check,
    dependencies::check,
    licences::check,
    unsafety::check,
    purity::check,
    shape::check,
    text::check,
    tiers::check,
];

/// Applies every rule to the checkout at `root`; fails when any has something to say.
pub(crate) fn tidy(root: &Path) -> Result<()> {
    let house = House::load(root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&house)).collect();
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy has {} findings", findings.len());
    }
    println!(
        "tidy: {} members and {} files in order",
        house.members.len(),
        house.texts.len()
    );
    Ok(())
}

#[cfg(test)]
pub(crate) mod testing {
    //! Houses made of strings, and one way to compare findings.

    use super::super::finding::Finding;
    use super::super::house::{House, Member, Text};
    use super::super::source::{Source, mark_test_modules};

    /// A member with the given manifest tables and `(path below its folder, text)` sources.
    pub(crate) fn member(package: &str, tables: &str, sources: &[(&str, &str)]) -> Member {
        let folder = format!("crates/{}", package.trim_start_matches("thalweg-"));
        let manifest = format!("[package]\nname = \"{package}\"\n{tables}")
            .parse()
            .unwrap();
        let parse =
            |(path, text): &(&str, &str)| Source::parse(&format!("{folder}/{path}"), text).unwrap();
        let sources = mark_test_modules(sources.iter().map(parse).collect());
        Member {
            folder,
            manifest,
            sources,
        }
    }

    /// A house of one crate with one source file.
    pub(crate) fn house_of(package: &str, path: &str, text: &str) -> House {
        House {
            members: vec![member(package, "", &[(path, text)])],
            ..House::default()
        }
    }

    /// A house of texts alone.
    pub(crate) fn texts(texts: &[(&str, &str)]) -> House {
        let text = |(path, text): &(&str, &str)| Text {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        House {
            texts: texts.iter().map(text).collect(),
            ..House::default()
        }
    }

    /// As many findings as expectations, and each holds its expected piece.
    #[track_caller]
    pub(crate) fn expect(found: &[Finding], expected: &[&str]) {
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found.len(),
            expected.len(),
            "found {found:#?}, expected {expected:#?}"
        );
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                found.contains(expected),
                "`{found}` does not hold `{expected}`"
            );
        }
    }
}
