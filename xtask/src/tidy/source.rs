//! A Rust file as text and as syntax, and whether it is test code.
//!
//! Test code is what `#[cfg(test)]` hides, a file below `tests/` or `benches/`, and every file of
//! a module that its parent declares with `#[cfg(test)] mod name;`.

use anyhow::{Context as _, Result};

/// One parsed Rust file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) syntax: syn::File,
    pub(crate) is_test: bool,
}

impl Source {
    /// Parses `text`; the path decides whether it is an integration test.
    pub(crate) fn parse(path: &str, text: &str) -> Result<Self> {
        let syntax = syn::parse_file(text).with_context(|| format!("parse {path}"))?;
        let is_test = path.contains("/tests/") || path.contains("/benches/");
        Ok(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            syntax,
            is_test,
        })
    }

    /// Whether this file is the root of a library, of a binary or of a module folder.
    pub(crate) fn is_crate_root(&self, folder: &str) -> bool {
        let inside = self.path.strip_prefix(folder).unwrap_or_default();
        matches!(inside, "/src/lib.rs" | "/src/main.rs") || inside.starts_with("/src/bin/")
    }
}

/// Marks the files of modules that are declared for tests only.
pub(crate) fn mark_test_modules(mut sources: Vec<Source>) -> Vec<Source> {
    let stems: Vec<String> = sources.iter().flat_map(test_module_stems).collect();
    for source in &mut sources {
        let of_stem = |stem: &String| {
            let rest = source.path.strip_prefix(stem.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.is_test |= stems.iter().any(of_stem);
    }
    sources
}

fn test_module_stems(source: &Source) -> Vec<String> {
    let folder = child_folder(&source.path);
    let modules = source.syntax.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() => Some(module),
        _ => None,
    });
    modules
        .filter(|module| is_for_tests(&module.attrs))
        .map(|module| format!("{folder}/{}", module.ident))
        .collect()
}

/// Where the modules that `path` declares lie.
fn child_folder(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    }
}

/// Whether the attributes hide an item from every build but a test's.
pub(crate) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test") || is_cfg_test(attribute).unwrap_or(false)
    })
}

fn is_cfg_test(attribute: &syn::Attribute) -> Option<bool> {
    let list = attribute.meta.require_list().ok()?;
    let words = list.tokens.to_string();
    let of_all = words.starts_with("all (") && words.contains("test");
    Some(attribute.path().is_ident("cfg") && (words == "test" || of_all))
}

/// The attributes of any item.
pub(crate) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The first and the last line of a piece of syntax, counted from one.
pub(crate) fn lines_of(syntax: &impl syn::spanned::Spanned) -> (usize, usize) {
    let span = syntax.span();
    (span.start().line, span.end().line)
}
