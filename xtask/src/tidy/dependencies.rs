//! What a manifest may say.
//!
//! Versions live in the root's one table, lints in the root's one set. The library that
//! applications link brings nothing with it but what is listed here: each further crate would be
//! in every traced program.

use super::finding::Finding;
use super::house::{House, Member};
use super::layers::dependency_names;

const RULE: &str = "dependencies";
const TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "authors"];

/// What an application links with `thalweg`, and nothing else.
const APPLICATION_LIBRARY: &str = "thalweg";
const ITS_DEPENDENCIES: &[&str] = &["thalweg-abi", "thalweg-filter", "thalweg-ring", "libc"];

/// What is preloaded into programs, and all that it may bring along.
const HELPERS: &str = "thalweg-helper";
const THEIR_DEPENDENCIES: &[&str] = &["thalweg", "thalweg-helper", "libc"];

/// Manifests inherit, and the application library stays small.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    let findings = house.members.iter().flat_map(|member| {
        let words = uninherited(member)
            .chain(own_versions(member))
            .chain(unwelcome(member));
        words
            .map(|words| Finding::new(RULE, member.manifest_path(), 1, words))
            .collect::<Vec<_>>()
    });
    findings.collect()
}

fn is_workspace(value: Option<&toml::Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
}

fn uninherited(member: &Member) -> impl Iterator<Item = String> {
    let package = member.manifest.get("package");
    let lints = (!is_workspace(member.manifest.get("lints")))
        .then(|| "says no `lints.workspace = true`".to_owned());
    let keys = INHERITED
        .iter()
        .filter(move |key| !is_workspace(package.and_then(|package| package.get(**key))));
    lints
        .into_iter()
        .chain(keys.map(|key| format!("does not inherit `{key}`")))
}

fn own_versions(member: &Member) -> impl Iterator<Item = String> {
    let of_targets = member
        .manifest
        .get("target")
        .and_then(toml::Value::as_table);
    let of_targets = of_targets.into_iter().flat_map(|targets| targets.values());
    let places = of_targets
        .filter_map(toml::Value::as_table)
        .chain([&member.manifest]);
    let tables = places.flat_map(|place| TABLES.iter().filter_map(|table| place.get(*table)));
    tables
        .filter_map(toml::Value::as_table)
        .flatten()
        .filter(|(_, value)| !is_workspace(Some(value)))
        .map(|(name, _)| format!("`{name}` is not taken from the workspace's version table"))
}

fn unwelcome(member: &Member) -> impl Iterator<Item = String> {
    let welcome = match member.name() {
        APPLICATION_LIBRARY => Some(ITS_DEPENDENCIES),
        name if name.starts_with(HELPERS) => Some(THEIR_DEPENDENCIES),
        _ => None,
    };
    dependency_names(member, "dependencies")
        .filter(move |name| welcome.is_some_and(|welcome| !welcome.contains(name)))
        .map(|name| format!("`{name}` would come into every traced program"))
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, member};
    use super::*;

    const INHERITS: &str = "version.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\nauthors.workspace = true\n";

    #[track_caller]
    fn check_manifest(package: &str, tables: &str, expected: &[&str]) {
        let members = vec![member(package, &format!("{INHERITS}{tables}"), &[])];
        expect(
            &check(&House {
                members,
                ..House::default()
            }),
            expected,
        );
    }

    #[test]
    fn a_member_that_inherits_everything_passes() {
        check_manifest("thalweg-ctf", "[lints]\nworkspace = true\n", &[]);
    }

    #[test]
    fn a_member_with_its_own_lints_is_found() {
        check_manifest(
            "thalweg-ctf",
            "[lints.rust]\n",
            &["no `lints.workspace = true`"],
        );
    }

    #[test]
    fn a_member_with_its_own_edition_is_found() {
        let members = vec![member("thalweg-ctf", "edition = \"2021\"\n", &[])];
        let findings = check(&House {
            members,
            ..House::default()
        });
        assert!(
            findings
                .iter()
                .any(|finding| finding.to_string().contains("`edition`"))
        );
    }

    #[test]
    fn a_dependency_with_its_own_version_is_found() {
        let tables = "[dependencies]\nmemchr = \"2\"\n[lints]\nworkspace = true\n";
        check_manifest(
            "thalweg-ctf",
            tables,
            &["`memchr` is not taken from the workspace"],
        );
    }

    #[test]
    fn a_target_s_dependency_with_its_own_version_is_found() {
        let tables =
            "[target.'cfg(loom)'.dependencies]\nloom = \"0.7\"\n[lints]\nworkspace = true\n";
        check_manifest(
            "thalweg-ring",
            tables,
            &["`loom` is not taken from the workspace"],
        );
    }

    #[test]
    fn the_application_library_may_not_bring_a_crate_along() {
        let tables = "[dependencies]\nrustix.workspace = true\n[lints]\nworkspace = true\n";
        check_manifest(
            "thalweg",
            tables,
            &["`rustix` would come into every traced program"],
        );
        check_manifest("thalweg-sys", tables, &[]);
        check_manifest(
            "thalweg-helper-libc",
            tables,
            &["`rustix` would come into every traced program"],
        );
    }
}
