//! The command line of `cargo xtask`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

use crate::step::{self, Context};
use crate::{bench, fuzz, nightly, test, tidy, vm};

/// The project's automation.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the rules of the house.
    Tidy,
    /// What every change passes.
    Test {
        /// Only these steps.
        steps: Vec<String>,
    },
    /// What takes too long for every change.
    Nightly {
        /// Only these steps.
        steps: Vec<String>,
        /// Executions of each fuzz target.
        #[arg(long, default_value_t = 1_000_000)]
        runs: u64,
    },
    /// Run the benchmarks below bench/, all or those named.
    Bench {
        /// Folders below bench/.
        names: Vec<String>,
    },
    /// Record in a guest with Debian's kernel, and judge its traces.
    Vm {
        /// Another kernel than that of this machine's release: 5.10, 6.1-rt, 6.12 or newest.
        #[arg(long)]
        kernel: Option<String>,
    },
    /// Run one fuzz target on its corpus and beyond.
    Fuzz {
        /// A file below `fuzz/fuzz_targets`, without its `.rs`.
        target: String,
        /// Stop after so many executions.
        #[arg(long)]
        runs: Option<u64>,
        /// Stop after so many seconds.
        #[arg(long)]
        seconds: Option<u64>,
    },
}

/// Does what the command line says.
pub(crate) fn run() -> Result<()> {
    let arguments = Arguments::parse();
    let root = root()?;
    let context = Context::new(&root);
    match arguments.command {
        Command::Tidy => tidy::tidy(&root),
        Command::Test { steps } => step::run(test::STEPS, &steps, &context),
        Command::Nightly { steps, runs } => {
            step::run(nightly::STEPS, &steps, &context.at_length(runs))
        }
        Command::Bench { names } => bench::bench(&context, &names),
        Command::Vm { kernel } => vm::vm_of(&context, kernel.as_deref()),
        Command::Fuzz {
            target,
            runs,
            seconds,
        } => fuzz::run(&context, &target, fuzz::Limits { runs, seconds }),
    }
}

fn root() -> Result<PathBuf> {
    // Cargo's word of now comes first: checkouts that share a target folder share this executable, and
    // the one that it was built in may be gone.
    let built_in = || env!("CARGO_MANIFEST_DIR").into();
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(built_in, PathBuf::from);
    Ok(here
        .parent()
        .context("find the folder above xtask")?
        .to_owned())
}
