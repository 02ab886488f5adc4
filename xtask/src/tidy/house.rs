//! The house as values: manifests, Rust sources and texts, read once.
//!
//! Paths are relative to the root with `/` between parts, so that a finding can be clicked.
//! Rules never touch the disk: their tests build a `House` from strings.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::source::Source;

/// A member of the workspace: its folder, its manifest and its Rust files.
pub(crate) struct Member {
    pub(crate) folder: String,
    pub(crate) manifest: toml::Table,
    pub(crate) sources: Vec<Source>,
}

/// Any file that people read as text, Rust files included.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All that the rules look at.
#[derive(Default)]
pub(crate) struct House {
    pub(crate) members: Vec<Member>,
    pub(crate) texts: Vec<Text>,
    /// `cargo metadata` of the root workspace; `Null` in tests that need none.
    pub(crate) metadata: serde_json::Value,
}

impl Member {
    /// The package's name.
    pub(crate) fn name(&self) -> &str {
        self.manifest
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
    }

    /// The path of the member's manifest.
    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

impl House {
    /// Reads the files that git tracks or would track below `root`.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let texts = read_texts(root)?;
        let members = members(&texts)?;
        let metadata = cargo_metadata(root)?;
        Ok(Self {
            members,
            texts,
            metadata,
        })
    }

    /// The text at `path`, when there is such a file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts
            .iter()
            .find(|text| text.path == path)
            .map(|text| text.text.as_str())
    }
}

fn read_texts(root: &Path) -> Result<Vec<Text>> {
    let listed = output(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root),
    )?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    // A tracked file may be deleted and not yet committed; one that is not UTF-8 is no text.
    Ok(paths
        .filter_map(|path| {
            let text = fs::read_to_string(root.join(path)).ok()?;
            Some(Text {
                path: path.to_owned(),
                text,
            })
        })
        .collect())
}

fn members(texts: &[Text]) -> Result<Vec<Member>> {
    let manifests = texts.iter().filter(|text| is_member_manifest(&text.path));
    manifests.map(|manifest| member(manifest, texts)).collect()
}

fn is_member_manifest(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>()[..] {
        [top, "Cargo.toml"] => top == "xtask",
        [top, _, "Cargo.toml"] => matches!(top, "crates" | "examples" | "helpers"),
        _ => false,
    }
}

fn member(manifest: &Text, texts: &[Text]) -> Result<Member> {
    let folder = manifest.path.trim_end_matches("/Cargo.toml").to_owned();
    let inside = format!("{folder}/");
    let is_source = |text: &&Text| text.path.starts_with(&inside) && text.path.ends_with(".rs");
    let sources = texts.iter().filter(is_source);
    let sources: Result<Vec<Source>> = sources
        .map(|text| Source::parse(&text.path, &text.text))
        .collect();
    let manifest = manifest
        .text
        .parse()
        .with_context(|| format!("read {}", manifest.path))?;
    Ok(Member {
        folder,
        manifest,
        sources: super::source::mark_test_modules(sources?),
    })
}

fn cargo_metadata(root: &Path) -> Result<serde_json::Value> {
    let json = output(
        Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version=1",
                "--filter-platform=x86_64-unknown-linux-gnu",
            ])
            .current_dir(root),
    )?;
    serde_json::from_str(&json).context("read the output of cargo metadata")
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("run {command:?}"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {words}");
    String::from_utf8(output.stdout).with_context(|| format!("read the output of {command:?}"))
}
