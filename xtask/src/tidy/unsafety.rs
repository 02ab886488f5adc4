//! Unsafe has an address: the crates that the layer table names.
//!
//! In every other crate each root says `#![forbid(unsafe_code)]`, so that rustc keeps the rule,
//! macros included. `thread_local!` is kept out of what is in traced programs here as well: the
//! first touch of such a variable in a dlopened library calls the allocator.

use super::finding::Finding;
use super::house::{House, Member};
use super::layers::row_of;
use super::source::Source;

const RULE: &str = "unsafe";

/// Roots of safe crates forbid unsafe code; what is in traced programs has no `thread_local!`.
pub(crate) fn check(house: &House) -> Vec<Finding> {
    let safe = house.members.iter().filter(|member| !may_be_unsafe(member));
    let guests = house.members.iter().filter(|member| is_guest(member));
    safe.flat_map(unforbidding_roots)
        .chain(guests.flat_map(thread_locals))
        .collect()
}

/// Whether a crate is part of programs that are traced.
fn is_guest(member: &Member) -> bool {
    member.name() == "thalweg" || member.name().starts_with("thalweg-helper")
}

fn may_be_unsafe(member: &Member) -> bool {
    row_of(member.name()).is_some_and(|row| row.may_be_unsafe)
}

fn unforbidding_roots(member: &Member) -> impl Iterator<Item = Finding> {
    let roots = member
        .sources
        .iter()
        .filter(|source| source.is_crate_root(&member.folder));
    roots
        .filter(|source| !forbids_unsafe(source))
        .map(|source| Finding::new(RULE, &source.path, 1, "lacks `#![forbid(unsafe_code)]`"))
}

fn forbids_unsafe(source: &Source) -> bool {
    source.syntax.attrs.iter().any(|attribute| {
        attribute.path().is_ident("forbid")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string().contains("unsafe_code"))
    })
}

fn thread_locals(member: &Member) -> impl Iterator<Item = Finding> {
    let shipped = member.sources.iter().filter(|source| !source.is_test);
    shipped.flat_map(|source| {
        let lines = source.text.lines().enumerate();
        lines
            .filter(|(_, line)| {
                line.trim_start()
                    .trim_start_matches("std::")
                    .starts_with("thread_local!")
            })
            .map(|(at, _)| {
                let words = "`thread_local!` allocates on first touch in a dlopened library";
                Finding::new(RULE, &source.path, at + 1, words)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{expect, house_of};
    use super::*;

    #[track_caller]
    fn check_source(package: &str, path: &str, text: &str, expected: &[&str]) {
        expect(&check(&house_of(package, path, text)), expected);
    }

    #[test]
    fn a_safe_crate_that_forbids_unsafe_code_passes() {
        check_source(
            "thalweg-ctf",
            "src/lib.rs",
            "//! Words.\n#![forbid(unsafe_code)]\n",
            &[],
        );
    }

    #[test]
    fn a_safe_crate_that_only_denies_it_is_found() {
        check_source(
            "thalweg-ctf",
            "src/lib.rs",
            "#![deny(unsafe_code)]\n",
            &["crates/ctf/src/lib.rs:1"],
        );
    }

    #[test]
    fn a_binary_s_root_counts_too() {
        check_source(
            "thalweg-cli",
            "src/main.rs",
            "fn main() {}\n",
            &["lacks `#![forbid(unsafe_code)]`"],
        );
    }

    #[test]
    fn a_crate_with_a_licence_to_be_unsafe_passes() {
        check_source(
            "thalweg-ring",
            "src/lib.rs",
            "#![allow(unsafe_code)]\n",
            &[],
        );
    }

    #[test]
    fn a_thread_local_in_the_application_library_is_found() {
        check_source(
            "thalweg",
            "src/state.rs",
            "\nthread_local! { static DEPTH: u8 = const { 0 }; }\n",
            &["crates/thalweg/src/state.rs:2"],
        );
    }

    #[test]
    fn a_thread_local_in_a_helper_is_found() {
        check_source(
            "thalweg-helper-libc",
            "src/nesting.rs",
            "thread_local! { static DEPTH: u8 = const { 0 }; }\n",
            &["src/nesting.rs:1"],
        );
    }
}
