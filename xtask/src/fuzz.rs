//! Fuzz targets under libFuzzer, without cargo-fuzz.
//!
//! ```text
//!   fuzz/corpus/TARGET   seeds, committed       ─┐
//!                                                ├─▶ target ──▶ target-dir/fuzz/found/TARGET
//!   target-dir/fuzz/found/TARGET   grown here   ─┘              target-dir/fuzz/artifacts/TARGET
//! ```
//!
//! What cargo-fuzz adds to a build is a handful of compiler flags; giving them ourselves saves an
//! install of minutes on every fresh machine. A finding fails the run and leaves its input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{allow_unstable, cargo, run as run_command};
use crate::step::Context;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// Coverage feedback for libFuzzer.
const FEEDBACK: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// What turns a silent mistake into a finding.
const CHECKS: &[&str] = &["-Zsanitizer=address", "-Cdebug-assertions"];

/// When a target stops; without either it runs until it finds something.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) runs: Option<u64>,
    pub(crate) seconds: Option<u64>,
}

/// Builds all targets and runs each on its corpus and beyond; all run, even when one finds something.
pub(crate) fn run_all(context: &Context, limits: Limits) -> Result<()> {
    build(context)?;
    let targets = targets(&context.root)?;
    ensure!(!targets.is_empty(), "fuzz/fuzz_targets holds no target");
    let outcomes = targets
        .iter()
        .map(|target| (target, execute(context, target, limits)));
    let found: Vec<String> = outcomes
        .filter_map(|(target, outcome)| Some(format!("{target}: {:#}", outcome.err()?)))
        .collect();
    ensure!(found.is_empty(), "{}", found.join("; "));
    Ok(())
}

/// Builds all targets and runs one.
pub(crate) fn run(context: &Context, target: &str, limits: Limits) -> Result<()> {
    let known = targets(&context.root)?;
    ensure!(
        known.iter().any(|name| name == target),
        "no fuzz target `{target}`; there are {known:?}"
    );
    build(context)?;
    execute(context, target, limits)
}

/// The names of the files in `fuzz/fuzz_targets`.
pub(crate) fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let names = entries.flatten().filter_map(|entry| {
        Some(
            entry
                .file_name()
                .to_string_lossy()
                .strip_suffix(".rs")?
                .to_owned(),
        )
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}

fn build(context: &Context) -> Result<()> {
    build_with(context, CHECKS, &folder(context))
}

fn build_with(context: &Context, flags: &[&str], folder: &Path) -> Result<()> {
    let mut command = cargo(
        context,
        &["build", "--release", "--target", TRIPLE, "--bins"],
    );
    command
        .arg("--manifest-path=fuzz/Cargo.toml")
        .env("RUSTFLAGS", [FEEDBACK, flags].concat().join(" "))
        .env("CARGO_TARGET_DIR", folder);
    if flags.iter().any(|flag| flag.starts_with("-Z")) {
        allow_unstable(&mut command);
    }
    run_command(&mut command)
}

fn folder(context: &Context) -> PathBuf {
    context.target.join("fuzz")
}

fn binary(folder: &Path, target: &str) -> PathBuf {
    folder.join(TRIPLE).join("release").join(target)
}

/// Builds all targets so that a run leaves a profile of the lines that it ran.
pub(crate) fn build_for_coverage(context: &Context) -> Result<()> {
    build_with(
        context,
        &["-Cinstrument-coverage", "--cfg=fuzzing"],
        &coverage_folder(context),
    )
}

/// Runs one target over its seeds, built for coverage; gives the profile it left. What was found on
/// this machine does not count: the figure is the same on every one.
pub(crate) fn profile(context: &Context, target: &str) -> Result<PathBuf> {
    let profile = coverage_folder(context).join(format!("{target}.profraw"));
    let mut command = Command::new(coverage_binary(context, target));
    command
        .env("LLVM_PROFILE_FILE", &profile)
        .arg(seeds(context, target)?);
    run_command(
        command
            .args(["-runs=0", "-verbosity=0"])
            .stdin(Stdio::null()),
    )?;
    Ok(profile)
}

/// Where a target lies that was built for coverage.
pub(crate) fn coverage_binary(context: &Context, target: &str) -> PathBuf {
    binary(&coverage_folder(context), target)
}

fn coverage_folder(context: &Context) -> PathBuf {
    context.target.join("coverage")
}

/// Where a target's inputs lie: what was found here before, to which it adds, and the seeds.
fn corpora(context: &Context, target: &str) -> Result<[PathBuf; 2]> {
    let found = made(folder(context).join("found").join(target))?;
    Ok([found, seeds(context, target)?])
}

/// Where a target's committed inputs lie.
fn seeds(context: &Context, target: &str) -> Result<PathBuf> {
    let seeds = context.root.join("fuzz/corpus").join(target);
    ensure!(
        seeds.is_dir(),
        "{} is missing: a target starts from real input",
        seeds.display()
    );
    Ok(seeds)
}

fn execute(context: &Context, target: &str, limits: Limits) -> Result<()> {
    println!("--> fuzz {target}");
    let artifacts = made(folder(context).join("artifacts").join(target))?;
    let mut command = Command::new(binary(&folder(context), target));
    command.args(corpora(context, target)?).stdin(Stdio::null());
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    // An input that takes ten seconds or two gigabytes is a finding: no decoder here needs either.
    command.args([
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        "-verbosity=0",
    ]);
    command.args(limits.runs.map(|runs| format!("-runs={runs}")));
    command.args(
        limits
            .seconds
            .map(|seconds| format!("-max_total_time={seconds}")),
    );
    run_command(&mut command)
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    Ok(folder)
}
