//! Which crate may import which.
//!
//! ```text
//!   7 faces      cli capi helper-*       write side: thalweg kernel collect capi helper*
//!                tracing                             tracing
//!   5 readers    reader                  read side:  reader
//!   4 movers     collect helper
//!   3 producers  thalweg kernel          An import points to a lower layer, never up or
//!   2 codecs     bpf ctf elf filter kbuf sideways; the two sides meet in layers 0 to 2
//!   1 mechanisms ring sys                and in the faces.
//!   0 words      model abi
//! ```
//!
//! Dev-dependencies are free: a writer's test may well read its trace with our own reader.

use super::finding::Finding;
use super::house::{House, Member};

/// Who a crate works for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words, mechanisms, codecs, and the faces that show everything.
    Both,
    Write,
    Read,
}

/// One row of the table in ARCHITECTURE.md.
pub(crate) struct Row {
    pub(crate) package: &'static str,
    pub(crate) layer: u8,
    pub(crate) side: Side,
    pub(crate) may_be_unsafe: bool,
    /// Does no I/O and never asks for the time.
    pub(crate) is_pure: bool,
}

/// The crates of the house, top down.
pub(crate) const TABLE: &[Row] = &[
    row("thalweg-cli", 7, Side::Both),
    unsafe_row("thalweg-helper-libc", 7, Side::Write),
    unsafe_row("thalweg-helper-pthread", 7, Side::Write),
    unsafe_row("thalweg-helper-dl", 7, Side::Write),
    unsafe_row("thalweg-helper-functions", 7, Side::Write),
    unsafe_row("thalweg-helper-functions-fast", 7, Side::Write),
    row("thalweg-tracing", 7, Side::Write),
    unsafe_row("thalweg-capi", 7, Side::Write),
    row("thalweg-reader", 5, Side::Read),
    row("thalweg-collect", 4, Side::Write),
    unsafe_row("thalweg-helper", 4, Side::Write),
    unsafe_row("thalweg", 3, Side::Write),
    row("thalweg-kernel", 3, Side::Write),
    row("thalweg-bpf", 2, Side::Write),
    pure_row("thalweg-ctf", 2),
    pure_row("thalweg-elf", 2),
    pure_row("thalweg-filter", 2),
    pure_row("thalweg-kbuf", 2),
    unsafe_row("thalweg-ring", 1, Side::Both),
    unsafe_row("thalweg-sys", 1, Side::Both),
    pure_row("thalweg-model", 0),
    pure_row("thalweg-abi", 0),
];

/// Stand beside the layers: nothing ships with them, and only tests may import the first.
pub(crate) const BESIDE: &[&str] = &["thalweg-testkit", "xtask"];

const RULE: &str = "layers";

const fn row(package: &'static str, layer: u8, side: Side) -> Row {
    Row {
        package,
        layer,
        side,
        may_be_unsafe: false,
        is_pure: false,
    }
}

const fn unsafe_row(package: &'static str, layer: u8, side: Side) -> Row {
    Row {
        package,
        layer,
        side,
        may_be_unsafe: true,
        is_pure: false,
    }
}

const fn pure_row(package: &'static str, layer: u8) -> Row {
    Row {
        package,
        layer,
        side: Side::Both,
        may_be_unsafe: false,
        is_pure: true,
    }
}

/// The table's row of a package.
pub(crate) fn row_of(package: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.package == package)
}

/// Every import points down, and no crate is missing from the table.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    house.members.iter().flat_map(check_member).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let is_in_a_layer = ["crates/", "helpers/"]
        .iter()
        .any(|folder| member.folder.starts_with(folder));
    if !is_in_a_layer || BESIDE.contains(&member.name()) {
        return Vec::new();
    }
    let Some(row) = row_of(member.name()) else {
        return vec![finding(
            member,
            format!("`{}` has no row in the layer table", member.name()),
        )];
    };
    dependency_names(member, "dependencies")
        .filter_map(|import| why_not(row, import))
        .map(|words| finding(member, words))
        .collect()
}

/// The names under one dependency table of a member, those of its targets included.
pub(crate) fn dependency_names<'a>(
    member: &'a Member,
    table: &'static str,
) -> impl Iterator<Item = &'a str> {
    let of_targets = member
        .manifest
        .get("target")
        .and_then(toml::Value::as_table);
    let of_targets = of_targets.into_iter().flat_map(|targets| targets.values());
    let tables = member.manifest.get(table).into_iter();
    tables
        .chain(of_targets.filter_map(move |target| target.get(table)))
        .filter_map(toml::Value::as_table)
        .flat_map(|dependencies| dependencies.keys().map(String::as_str))
}

fn why_not(from: &Row, import: &str) -> Option<String> {
    if BESIDE.contains(&import) {
        return Some(format!("`{import}` is for dev-dependencies only"));
    }
    let to = row_of(import)?;
    let (high, low) = (from.layer, to.layer);
    if low >= high {
        return Some(format!(
            "layer {high} may not import `{import}` of layer {low}"
        ));
    }
    let sides_meet = from.side != Side::Both && to.side != Side::Both && from.side != to.side;
    sides_meet.then(|| format!("`{import}` is on the other side (write and read meet below)"))
}

fn finding(member: &Member, words: String) -> Finding {
    Finding::new(RULE, member.manifest_path(), 1, words)
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, member};
    use super::*;

    #[track_caller]
    fn check_imports(package: &str, imports: &[&str], expected: &[&str]) {
        let lines = imports
            .iter()
            .map(|name| format!("{name}.workspace = true\n"));
        let tables = format!("[dependencies]\n{}", lines.collect::<String>());
        let house = House {
            members: vec![member(package, &tables, &[])],
            ..House::default()
        };
        expect(&check(&house), expected);
    }

    #[test]
    fn imports_that_point_down_pass() {
        check_imports(
            "thalweg-collect",
            &["thalweg-ring", "thalweg-kernel", "rustix"],
            &[],
        );
        check_imports("thalweg-cli", &["thalweg-reader", "thalweg-collect"], &[]);
    }

    #[test]
    fn an_import_that_points_up_is_found() {
        check_imports(
            "thalweg-ctf",
            &["thalweg-reader"],
            &["layer 2 may not import `thalweg-reader` of layer 5"],
        );
    }

    #[test]
    fn an_import_within_a_layer_is_found() {
        check_imports(
            "thalweg-kbuf",
            &["thalweg-ctf"],
            &["layer 2 may not import `thalweg-ctf` of layer 2"],
        );
    }

    #[test]
    fn the_read_side_may_not_import_the_write_side() {
        check_imports(
            "thalweg-reader",
            &["thalweg-collect"],
            &["`thalweg-collect` is on the other"],
        );
    }

    #[test]
    fn the_testkit_is_for_tests() {
        check_imports(
            "thalweg-ctf",
            &["thalweg-testkit"],
            &["is for dev-dependencies only"],
        );
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        check_imports(
            "thalweg-moon",
            &[],
            &["`thalweg-moon` has no row in the layer table"],
        );
    }

    #[test]
    fn a_helper_without_a_row_is_found() {
        let mut stray = member("thalweg-moon", "", &[]);
        stray.folder = "helpers/moon".to_owned();
        expect(
            &check(&House {
                members: vec![stray],
                ..House::default()
            }),
            &["`thalweg-moon` has no row in the layer table"],
        );
    }

    #[test]
    fn an_import_for_one_target_counts_too() {
        let tables = "[target.'cfg(unix)'.dependencies]\nthalweg-cli.workspace = true\n";
        let members = vec![member("thalweg-sys", tables, &[])];
        expect(
            &check(&House {
                members,
                ..House::default()
            }),
            &["may not import `thalweg-cli`"],
        );
    }
}
