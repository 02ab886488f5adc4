//! A file is one idea, a function one step, and `lib.rs` is a table of contents.
//!
//! Counted are lines of code: blank lines, comments and inline test modules are free in a file; in
//! a function everything between its braces counts.

use syn::visit::{self, Visit};

use super::finding::Finding;
use super::house::{House, Member};
use super::source::{Source, attributes, is_for_tests, lines_of};

const RULE: &str = "shape";
const FILE_LIMIT: usize = 600;
const FUNCTION_LIMIT: usize = 60;

/// Files and functions are short; `lib.rs` and `mod.rs` hold docs, modules and `pub use`.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    let sources = || house.members.iter().flat_map(|member| &member.sources);
    let contents = house.members.iter().flat_map(tables_of_contents);
    let long_files = sources().filter_map(long_file);
    contents
        .chain(long_files)
        .chain(sources().flat_map(functions))
        .collect()
}

fn tables_of_contents(member: &Member) -> impl Iterator<Item = Finding> {
    let src = format!("{}/src/", member.folder);
    let listed = move |source: &&Source| {
        let name = source.path.rsplit('/').next();
        source.path.starts_with(&src) && matches!(name, Some("lib.rs" | "mod.rs"))
    };
    member.sources.iter().filter(listed).filter_map(|source| {
        let foreign = source.syntax.items.iter().find(|item| !is_contents(item))?;
        let words = "holds more than docs, modules and `use`; give it a file with a name";
        Some(Finding::new(RULE, &source.path, lines_of(foreign).0, words))
    })
}

fn is_contents(item: &syn::Item) -> bool {
    match item {
        syn::Item::Use(_) | syn::Item::ExternCrate(_) => true,
        // A refusal to build elsewhere belongs where everything begins.
        syn::Item::Macro(call) => call.mac.path.is_ident("compile_error"),
        syn::Item::Mod(module) => {
            let inside = module.content.iter().flat_map(|(_, items)| items);
            is_for_tests(&module.attrs) || inside.into_iter().all(is_contents)
        }
        _ => false,
    }
}

fn long_file(source: &Source) -> Option<Finding> {
    let tests: Vec<(usize, usize)> = source
        .syntax
        .items
        .iter()
        .filter(|item| is_for_tests(attributes(item)))
        .map(lines_of)
        .collect();
    let is_code = |(at, line): &(usize, &str)| {
        let is_test = tests
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&(at + 1)));
        !line.trim().is_empty() && !line.trim_start().starts_with("//") && !is_test
    };
    let lines = source.text.lines().enumerate().filter(is_code).count();
    (lines > FILE_LIMIT).then(|| {
        let words = format!("{lines} lines of code, over {FILE_LIMIT}: look for the second idea");
        Finding::new(RULE, &source.path, 1, words)
    })
}

fn functions(source: &Source) -> Vec<Finding> {
    let mut finder = Finder {
        path: &source.path,
        findings: Vec::new(),
    };
    finder.visit_file(&source.syntax);
    finder.findings
}

struct Finder<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Finder<'_> {
    fn measure(&mut self, name: &syn::Ident, body: &syn::Block) {
        let (first, last) = lines_of(body);
        let inside = (last - first).saturating_sub(1);
        if inside > FUNCTION_LIMIT {
            let words = format!("`{name}` has {inside} lines, over {FUNCTION_LIMIT}");
            self.findings
                .push(Finding::new(RULE, self.path, first, words));
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig.ident, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig.ident, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.measure(&function.sig.ident, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if matches!(&attribute.meta, syn::Meta::Path(path) if path.is_ident("ignore")) {
            let words = "`#[ignore]` names no reason";
            self.findings
                .push(Finding::new(RULE, self.path, lines_of(attribute).0, words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, house_of};
    use super::*;

    #[track_caller]
    fn check_source(path: &str, text: &str, expected: &[&str]) {
        expect(&check(&house_of("thalweg-ctf", path, text)), expected);
    }

    fn function_of(lines: usize) -> String {
        format!(
            "impl S {{\nfn long() {{\n{}}}\n}}\n",
            "let _ = 1;\n".repeat(lines)
        )
    }

    #[test]
    fn a_table_of_contents_passes() {
        let text = "//! Words.\nmod a;\npub use a::A;\n#[doc(hidden)]\npub mod p { pub use super::A; }\n\
                    #[cfg(test)]\nmod tests { fn f() {} }\n";
        check_source("src/lib.rs", text, &[]);
    }

    #[test]
    fn a_refusal_to_build_is_part_of_the_contents() {
        check_source("src/lib.rs", "compile_error!(\"no\");\n", &[]);
        check_source("src/lib.rs", "thread_local! {}\n", &["src/lib.rs:1: shape"]);
    }

    #[test]
    fn a_function_in_lib_rs_is_found() {
        check_source(
            "src/lib.rs",
            "mod a;\nfn f() {}\n",
            &["src/lib.rs:2: shape"],
        );
    }

    #[test]
    fn a_struct_in_mod_rs_is_found_at_any_depth() {
        check_source(
            "src/read/mod.rs",
            "struct S;\n",
            &["src/read/mod.rs:1: shape"],
        );
        check_source(
            "src/lib.rs",
            "mod a { struct S; }\n",
            &["src/lib.rs:1: shape"],
        );
    }

    #[test]
    fn a_long_function_is_found_and_one_at_the_limit_passes() {
        check_source("src/a.rs", &function_of(60), &[]);
        check_source(
            "src/a.rs",
            &function_of(61),
            &["`long` has 61 lines, over 60"],
        );
    }

    #[test]
    fn a_long_file_is_found_and_one_at_the_limit_passes() {
        check_source("src/a.rs", &"const _: u8 = 1;\n".repeat(600), &[]);
        check_source(
            "src/a.rs",
            &"const _: u8 = 1;\n".repeat(601),
            &["601 lines of code"],
        );
    }

    #[test]
    fn comments_and_tests_do_not_make_a_file_long() {
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "const _: u8 = 1;\n".repeat(500)
        );
        let text = format!(
            "{}{}{tests}",
            "// why\n\n".repeat(300),
            "const _: u8 = 1;\n".repeat(600)
        );
        check_source("src/a.rs", &text, &[]);
    }

    #[test]
    fn a_test_that_is_ignored_without_a_reason_is_found() {
        check_source(
            "src/a.rs",
            "#[test]\n#[ignore]\nfn f() {}\n",
            &["names no reason"],
        );
        check_source(
            "src/a.rs",
            "#[test]\n#[ignore = \"takes an hour\"]\nfn f() {}\n",
            &[],
        );
    }
}
