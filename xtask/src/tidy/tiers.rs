//! A check that is in no tier does not exist.
//!
//! CONTRIBUTING.md has one table a tier, under a heading that names the tier's command. The steps
//! that the command runs and the names in the first column are the same set, both ways.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::house::House;
use crate::{nightly, test};

const RULE: &str = "tiers";
const PAGE: &str = "CONTRIBUTING.md";

/// The tables of CONTRIBUTING.md and the steps of the commands agree.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    let steps =
        |steps: &[crate::step::Step]| steps.iter().map(|step| step.name.to_owned()).collect();
    let tiers = [
        ("`bash .ci/run`", steps(test::STEPS)),
        ("`cargo xtask nightly`", steps(nightly::STEPS)),
        ("`cargo xtask bench`", files(house, "bench/", "/run.sh")),
    ];
    let page = house.text(PAGE).unwrap_or_default();
    let tables = tiers
        .iter()
        .flat_map(|(command, steps)| compare(page, command, steps));
    tables.chain(unlisted_fuzz_targets(house)).collect()
}

/// What stands between `before` and `after` in the paths of the house.
fn files(house: &House, before: &str, after: &str) -> BTreeSet<String> {
    let names = house.texts.iter().filter_map(|text| {
        let name = text.path.strip_prefix(before)?.strip_suffix(after)?;
        (!name.contains('/')).then(|| name.to_owned())
    });
    names.collect()
}

fn compare(page: &str, command: &str, steps: &BTreeSet<String>) -> Vec<Finding> {
    let Some(listed) = table_below(page, command) else {
        return vec![Finding::new(
            RULE,
            PAGE,
            1,
            format!("no heading names {command}"),
        )];
    };
    let unlisted = steps
        .difference(&listed)
        .map(|name| format!("{command} runs `{name}`, unlisted"));
    let missing = listed
        .difference(steps)
        .map(|name| format!("{command} has no step `{name}`"));
    unlisted
        .chain(missing)
        .map(|words| Finding::new(RULE, PAGE, 1, words))
        .collect()
}

/// The names in backticks that begin the table rows between a heading and the next.
fn table_below(page: &str, command: &str) -> Option<BTreeSet<String>> {
    let mut lines = page
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.contains(command)));
    lines.next()?;
    let section = lines.take_while(|line| !line.starts_with('#'));
    let names = section.filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0));
    Some(names.map(str::to_owned).collect())
}

fn unlisted_fuzz_targets(house: &House) -> Vec<Finding> {
    let manifest = house.text("fuzz/Cargo.toml").unwrap_or_default();
    let targets = files(house, "fuzz/fuzz_targets/", ".rs");
    let lost = targets
        .iter()
        .filter(|name| !manifest.contains(&format!("fuzz_targets/{name}.rs\"")));
    lost.map(|name| {
        Finding::new(
            RULE,
            "fuzz/Cargo.toml",
            1,
            format!("has no [[bin]] for `{name}`: never run"),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, texts};
    use super::*;

    const TABLE: &str = "## Now: `do it`\n\n| step | shows |\n|---|---|\n| `a` | x |\n| `b` | y |\n\n\
                         ## Later\n| `c` | z |\n";

    #[track_caller]
    fn check_steps(command: &str, steps: &[&str], expected: &[&str]) {
        let steps = steps.iter().map(|step| (*step).to_owned()).collect();
        expect(&compare(TABLE, command, &steps), expected);
    }

    #[test]
    fn a_table_with_exactly_the_steps_passes() {
        check_steps("`do it`", &["b", "a"], &[]);
    }

    #[test]
    fn a_step_that_no_table_lists_is_found() {
        check_steps("`do it`", &["a", "b", "c"], &["runs `c`, unlisted"]);
    }

    #[test]
    fn a_listed_check_that_no_command_runs_is_found() {
        check_steps("`do it`", &["a"], &["has no step `b`"]);
    }

    #[test]
    fn a_tier_without_its_heading_is_found() {
        check_steps("`do that`", &[], &["no heading names `do that`"]);
    }

    #[test]
    fn a_fuzz_target_that_is_never_built_is_found() {
        let sources = ("fuzz/fuzz_targets/lost.rs", "");
        let house = texts(&[
            ("fuzz/Cargo.toml", "path = \"fuzz_targets/kept.rs\"\n"),
            sources,
        ]);
        expect(
            &unlisted_fuzz_targets(&house),
            &["has no [[bin]] for `lost`"],
        );
    }
}
