//! Benchmarks: each folder of `bench/` has a `run.sh` that builds, runs and judges itself.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::cargo::run;
use crate::step::Context;

/// Runs the benchmarks of the given names, all when there are none.
pub(crate) fn bench(context: &Context, names: &[String]) -> Result<()> {
    let chosen: Vec<String> = if names.is_empty() {
        all(context)?
    } else {
        names.to_vec()
    };
    ensure!(!chosen.is_empty(), "bench/ holds no benchmark");
    let failed: Vec<String> = chosen
        .into_iter()
        .filter(|name| !passes(context, name))
        .collect();
    if !failed.is_empty() {
        bail!("below their floor or broken: {}", failed.join(", "));
    }
    Ok(())
}

fn all(context: &Context) -> Result<Vec<String>> {
    let folder = context.root.join("bench");
    let entries = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let has_script = |name: &String| script(context, name).is_file();
    let names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(has_script).collect();
    names.sort();
    Ok(names)
}

fn script(context: &Context, name: &str) -> PathBuf {
    context.root.join("bench").join(name).join("run.sh")
}

fn passes(context: &Context, name: &str) -> bool {
    println!("\n==> bench {name}");
    let mut command = Command::new("bash");
    command
        .arg(script(context, name))
        .current_dir(&context.root)
        .stdin(Stdio::null());
    let outcome = run(command.env("CARGO_TARGET_DIR", &context.target));
    outcome
        .inspect_err(|error| println!("==> bench {name} failed: {error:#}"))
        .is_ok()
}
