//! What we build on may be given on under our licences, and comes from crates.io.
//!
//! The allow list is the one of `deny.toml`, so that `cargo deny check` says the same where it is
//! installed; this rule needs nothing but `cargo metadata`.

use serde_json::Value;

use super::finding::Finding;
use super::house::House;

const RULE: &str = "licences";
const POLICY: &str = "deny.toml";
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every package of the build graph has an allowed licence and a known origin.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    let allowed = allowed(house);
    let packages = house.metadata.get("packages").and_then(Value::as_array);
    let foreign = packages
        .into_iter()
        .flatten()
        .filter(|package| !package["source"].is_null());
    foreign
        .flat_map(|package| {
            strange_origin(package)
                .into_iter()
                .chain(strange_licence(package, &allowed))
        })
        .map(|words| Finding::new(RULE, POLICY, 1, words))
        .collect()
}

fn allowed(house: &House) -> Vec<String> {
    let policy = house
        .text(POLICY)
        .and_then(|text| text.parse::<toml::Table>().ok());
    let list = policy
        .as_ref()
        .and_then(|policy| policy.get("licenses")?.get("allow")?.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

fn strange_origin(package: &Value) -> Option<String> {
    let source = package["source"].as_str().unwrap_or_default();
    (source != CRATES_IO).then(|| format!("{} comes from {source}", package["name"]))
}

fn strange_licence(package: &Value, allowed: &[String]) -> Option<String> {
    let expression = package["license"].as_str().unwrap_or("no licence");
    (!is_allowed(expression, allowed)).then(|| {
        format!(
            "{} is under `{expression}`, which is not allowed",
            package["name"]
        )
    })
}

/// `AND` binds tighter than `OR`; the old `MIT/Apache-2.0` is an `OR`. Inner parentheses hold
/// alternatives in every expression that crates.io has for us: each must be satisfied.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    if let Some((open, close)) = expression.find('(').zip(expression.rfind(')')) {
        let (before, inside, after) = (
            &expression[..open],
            &expression[open + 1..close],
            &expression[close + 1..],
        );
        let inside = if is_allowed(inside, allowed) {
            "MIT"
        } else {
            "refused"
        };
        return is_allowed(&format!("{before}{inside}{after}"), allowed);
    }
    let alternatives = expression.split(" OR ").flat_map(|part| part.split('/'));
    alternatives.into_iter().any(|part| {
        part.split(" AND ")
            .all(|name| allowed.iter().any(|allowed| allowed == name.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, texts};
    use super::*;

    #[track_caller]
    fn check_package(licence: &str, source: &str, expected: &[&str]) {
        let house = House {
            metadata: serde_json::json!({"packages": [
                {"name": "a", "license": licence, "source": source},
                {"name": "own", "license": null, "source": null},
            ]}),
            ..texts(&[(POLICY, "[licenses]\nallow = [\"MIT\", \"Unicode-3.0\"]\n")])
        };
        expect(&check(&house), expected);
    }

    #[test]
    fn an_allowed_licence_passes_alone_and_in_an_expression() {
        check_package("MIT", CRATES_IO, &[]);
        check_package("Apache-2.0/MIT", CRATES_IO, &[]);
        check_package("(MIT OR Apache-2.0) AND Unicode-3.0", CRATES_IO, &[]);
    }

    #[test]
    fn a_licence_that_is_not_allowed_is_found() {
        check_package("GPL-3.0", CRATES_IO, &["\"a\" is under `GPL-3.0`"]);
        check_package("MIT AND GPL-3.0", CRATES_IO, &["which is not allowed"]);
        check_package(
            "(GPL-2.0 OR GPL-3.0) AND MIT",
            CRATES_IO,
            &["which is not allowed"],
        );
    }

    #[test]
    fn a_crate_from_elsewhere_is_found() {
        check_package(
            "MIT",
            "git+https://example.org/a",
            &["comes from git+https"],
        );
    }
}
