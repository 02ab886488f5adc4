//! Words and codecs do no I/O and never ask for the time: bytes in, values out.
//!
//! Found are paths (`std::fs::read`), imports (`use std::{fs, time::Instant}`) and both inside of
//! macro calls. Their tests may do as they like.

use proc_macro2::TokenStream;
use syn::visit::{self, Visit};

use super::finding::Finding;
use super::house::{House, Member};
use super::layers::{dependency_names, row_of};
use super::source::{Source, attributes, is_for_tests, lines_of};

const RULE: &str = "purity";

const PATHS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::os",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
];
const MACROS: &[&str] = &["print", "println", "eprint", "eprintln"];
const CRATES: &[&str] = &["libc", "rustix", "thalweg-sys"];

/// Pure crates name no file, socket, process, clock or terminal.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    let pure = house
        .members
        .iter()
        .filter(|member| row_of(member.name()).is_some_and(|row| row.is_pure));
    pure.flat_map(|member| imports(member).chain(member.sources.iter().flat_map(uses)))
        .collect()
}

fn imports(member: &Member) -> impl Iterator<Item = Finding> {
    dependency_names(member, "dependencies")
        .filter(|name| CRATES.contains(name))
        .map(|name| {
            let words = format!("a crate without I/O may not import `{name}`");
            Finding::new(RULE, member.manifest_path(), 1, words)
        })
}

fn uses(source: &Source) -> Vec<Finding> {
    let mut finder = Finder {
        path: &source.path,
        findings: Vec::new(),
    };
    if !source.is_test {
        finder.visit_file(&source.syntax);
    }
    finder.findings
}

struct Finder<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Finder<'_> {
    fn look_at(&mut self, line: usize, named: &str) {
        let is_below = |path: &&&str| {
            named
                .strip_prefix(**path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        if let Some(path) = PATHS.iter().find(is_below) {
            self.find(line, path);
        }
    }

    fn find(&mut self, line: usize, what: &str) {
        let words = format!("a crate without I/O and clock names `{what}`");
        self.findings
            .push(Finding::new(RULE, self.path, line, words));
    }

    fn look_into(&mut self, line: usize, tokens: &TokenStream) {
        let text = tokens.to_string().replace(' ', "");
        for path in PATHS.iter().filter(|path| text.contains(**path)) {
            self.find(line, path);
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        self.look_at(lines_of(path).0, &parts.join("::"));
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut named = Vec::new();
        flatten("", &item.tree, &mut named);
        for path in named {
            self.look_at(lines_of(item).0, &path);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let line = lines_of(&call.path).0;
        if let Some(name) = MACROS.iter().find(|name| call.path.is_ident(**name)) {
            self.find(line, &format!("{name}!"));
        }
        self.look_into(line, &call.tokens);
        visit::visit_macro(self, call);
    }
}

/// Every full path that an import names: `std::{fs, io}` is `std::fs` and `std::io`.
fn flatten(prefix: &str, tree: &syn::UseTree, into: &mut Vec<String>) {
    match tree {
        syn::UseTree::Path(path) => flatten(&format!("{prefix}{}::", path.ident), &path.tree, into),
        syn::UseTree::Name(name) => into.push(format!("{prefix}{}", name.ident)),
        syn::UseTree::Rename(rename) => into.push(format!("{prefix}{}", rename.ident)),
        syn::UseTree::Glob(_) => into.push(prefix.trim_end_matches("::").to_owned()),
        syn::UseTree::Group(group) => {
            group
                .items
                .iter()
                .for_each(|tree| flatten(prefix, tree, into));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, house_of, member};
    use super::*;

    #[track_caller]
    fn check_source(text: &str, expected: &[&str]) {
        expect(
            &check(&house_of("thalweg-ctf", "src/read.rs", text)),
            expected,
        );
    }

    #[test]
    fn bytes_in_values_out_passes() {
        check_source(
            "use std::io::Write;\nuse std::time::Duration;\nfn f(_: &[u8]) {}\n",
            &[],
        );
    }

    #[test]
    fn a_path_to_a_file_is_found() {
        check_source(
            "fn f() {\n  let _ = std::fs::read(\"x\");\n}\n",
            &["read.rs:2: purity: "],
        );
    }

    #[test]
    fn imports_in_a_group_are_found() {
        check_source(
            "use std::{fmt, net::TcpStream, time::{Duration, Instant}};\n",
            &["names `std::net`", "names `std::time::Instant`"],
        );
    }

    #[test]
    fn a_path_inside_of_a_macro_call_is_found() {
        check_source(
            "fn f() { drop(format!(\"{:?}\", std::env::args())); }\n",
            &["`std::env`"],
        );
    }

    #[test]
    fn printing_is_found() {
        check_source("fn f() { println!(\"x\"); }\n", &["`println!`"]);
    }

    #[test]
    fn tests_may_do_as_they_like() {
        check_source("#[cfg(test)]\nmod tests { use std::fs; }\n", &[]);
    }

    #[test]
    fn files_of_a_test_module_may_do_as_they_like() {
        let sources = [
            ("src/lib.rs", "#[cfg(test)]\nmod golden;\n"),
            ("src/golden/on_disk.rs", "use std::fs;\n"),
        ];
        let members = vec![member("thalweg-ctf", "", &sources)];
        expect(
            &check(&House {
                members,
                ..House::default()
            }),
            &[],
        );
    }

    #[test]
    fn a_crate_with_a_rim_may_do_io() {
        expect(
            &check(&house_of(
                "thalweg-collect",
                "src/write.rs",
                "use std::fs;\n",
            )),
            &[],
        );
    }

    #[test]
    fn an_import_of_the_system_is_found() {
        let tables = "[dependencies]\nlibc.workspace = true\n";
        let members = vec![member("thalweg-kbuf", tables, &[])];
        expect(
            &check(&House {
                members,
                ..House::default()
            }),
            &["may not import `libc`"],
        );
    }
}
