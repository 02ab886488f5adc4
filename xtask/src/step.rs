//! A tier is a table of steps; running it prints what ran, for how long, and how it ended.
//!
//! A step that fails does not stop the others: one run shows everything that is wrong.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::counts::Counts;

/// One check, with the sentence that it proves.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) shows: &'static str,
    pub(crate) run: fn(&Context) -> Result<()>,
}

/// What the steps of one run share.
pub(crate) struct Context {
    pub(crate) root: PathBuf,
    /// Where cargo builds, `CARGO_TARGET_DIR` or the checkout's own folder.
    pub(crate) target: PathBuf,
    /// How often each fuzz target runs in the nightly tier.
    pub(crate) fuzz_runs: u64,
    /// Whether this is the nightly tier, in which a test may take long.
    pub(crate) is_long: bool,
    /// The tests that all steps ran so far.
    pub(crate) counts: Cell<Counts>,
}

impl Context {
    /// A context for the checkout at `root`.
    pub(crate) fn new(root: &Path) -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        Self {
            root: root.to_owned(),
            target: target.unwrap_or_else(|| root.join("target")),
            fuzz_runs: 0,
            is_long: false,
            counts: Cell::default(),
        }
    }

    /// The same, for the long tier.
    pub(crate) fn at_length(self, fuzz_runs: u64) -> Self {
        Self {
            fuzz_runs,
            is_long: true,
            ..self
        }
    }
}

struct Outcome {
    step: &'static Step,
    took: Duration,
    error: Option<anyhow::Error>,
}

/// Runs the steps that `names` chooses, all when it chooses none.
pub(crate) fn run(steps: &'static [Step], names: &[String], context: &Context) -> Result<()> {
    for name in names {
        let known: Vec<&str> = steps.iter().map(|step| step.name).collect();
        ensure!(
            known.contains(&name.as_str()),
            "no step `{name}`; there are {}",
            known.join(", ")
        );
    }
    let chosen = steps
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|n| n == step.name));
    let outcomes: Vec<Outcome> = chosen.map(|step| run_one(step, context)).collect();
    report(&outcomes, context.counts.get())
}

fn run_one(step: &'static Step, context: &Context) -> Outcome {
    println!("\n==> {}: {}", step.name, step.shows);
    let start = Instant::now();
    let error = (step.run)(context).err();
    if let Some(error) = &error {
        println!("==> {} failed: {error:#}", step.name);
    }
    Outcome {
        step,
        took: start.elapsed(),
        error,
    }
}

fn report(outcomes: &[Outcome], counts: Counts) -> Result<()> {
    println!();
    for Outcome { step, took, error } in outcomes {
        let word = if error.is_some() { "FAILED" } else { "passed" };
        println!(
            "{word}  {:>6.1} s  {:<10}  {}",
            took.as_secs_f64(),
            step.name,
            step.shows
        );
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| outcome.error.is_some())
        .count();
    println!("{counts}");
    if failed > 0 {
        bail!("{failed} of {} steps failed", outcomes.len());
    }
    Ok(())
}
