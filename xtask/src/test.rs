//! The tier of every change.
//!
//! Cheap steps first; the tests come last, so that their counts close the output.

use anyhow::Result;

use crate::cargo::{cargo, counted, run, tests};
use crate::counts::Runner;
use crate::fuzz::{self, Limits};
use crate::step::{Context, Step};
use crate::tidy;
use crate::vm::vm;

/// What `.ci/run` passes.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        shows: "rustfmt has nothing to change",
        run: format,
    },
    Step {
        name: "tidy",
        shows: "the rules of the house hold",
        run: rules,
    },
    Step {
        name: "clippy",
        shows: "no lint in any target",
        run: clippy,
    },
    Step {
        name: "doc",
        shows: "the documentation builds, every link leads somewhere",
        run: doc,
    },
    Step {
        name: "loom",
        shows: "the ring in every interleaving, bounded",
        run: loom,
    },
    Step {
        name: "fuzz",
        shows: "each fuzz target: its corpus, then 5 s",
        run: fuzz_briefly,
    },
    Step {
        name: "vm",
        shows: "a guest with Debian's kernel records what it does",
        run: vm,
    },
    Step {
        name: "doctests",
        shows: "the examples in the documentation run",
        run: doctests,
    },
    Step {
        name: "tests",
        shows: "every test of the workspace",
        run: all_tests,
    },
];

fn format(context: &Context) -> Result<()> {
    run(&mut cargo(context, &["fmt", "--all", "--check"]))
}

fn rules(context: &Context) -> Result<()> {
    tidy::tidy(&context.root)
}

fn clippy(context: &Context) -> Result<()> {
    run(&mut cargo(
        context,
        &["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"],
    ))
}

fn doc(context: &Context) -> Result<()> {
    let arguments = [
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    run(cargo(context, &arguments).env("RUSTDOCFLAGS", "-Dwarnings"))
}

/// Preemptions that loom tries in the tier of every change; the nightly tier tries one more.
const FEW_PREEMPTIONS: u32 = 2;

fn loom(context: &Context) -> Result<()> {
    loom_with(context, FEW_PREEMPTIONS)
}

/// The ring's own code under loom, with so many preemptions.
pub(crate) fn loom_with(context: &Context, preemptions: u32) -> Result<()> {
    tests(
        context,
        &["--package", "thalweg-ring", "--release"],
        |command| {
            command
                .env("RUSTFLAGS", "--cfg loom")
                .env("LOOM_MAX_PREEMPTIONS", preemptions.to_string())
                .env("CARGO_TARGET_DIR", context.target.join("loom"));
        },
    )
}

fn fuzz_briefly(context: &Context) -> Result<()> {
    fuzz::run_all(
        context,
        Limits {
            runs: None,
            seconds: Some(5),
        },
    )
}

fn doctests(context: &Context) -> Result<()> {
    counted(
        context,
        Runner::Cargo,
        &mut cargo(context, &["test", "--workspace", "--doc"]),
    )
}

fn all_tests(context: &Context) -> Result<()> {
    tests(context, &["--workspace"], |_| ())
}
