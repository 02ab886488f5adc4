//! Other targets than the machine's own: AArch64, whose programs run under QEMU's emulation, and programs
//! that are linked statically with musl.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{cargo, run, tests};
use crate::step::Context;

/// A target, and what its programs are built and run with.
struct Target {
    triple: &'static str,
    variables: &'static [(&'static str, &'static str)],
    emulator: &'static [&'static str],
    /// Crates whose unit tests run.
    crates: &'static [&'static str],
    /// Which of them.
    filter: &'static str,
}

/// With Debian's `gcc-aarch64-linux-gnu` and `qemu-user`, which has no `perf_event_open`.
const AARCH64: Target = Target {
    triple: "aarch64-unknown-linux-gnu",
    variables: &[
        (
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "aarch64-linux-gnu-gcc",
        ),
        (
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER",
            "qemu-aarch64 -L /usr/aarch64-linux-gnu",
        ),
        ("CC_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-gcc"),
    ],
    emulator: &["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
    crates: &[
        "thalweg-abi",
        "thalweg-ring",
        "thalweg-filter",
        "thalweg",
        "thalweg-helper",
        "thalweg-helper-dl",
        "thalweg-helper-libc",
    ],
    filter: "not test(sample::counters)",
};

const MUSL: Target = Target {
    triple: "x86_64-unknown-linux-musl",
    variables: &[],
    emulator: &[],
    crates: &["thalweg"],
    filter: "all()",
};

/// Some of its programs are in x86-64 assembler: what they try is tried there.
const NOT_BUILT: &str = "thalweg-tests";

/// Builds the workspace for AArch64, runs the tests of what a program links, and records a program.
pub(crate) fn aarch64(context: &Context) -> Result<()> {
    let all = ["--workspace", "--exclude", NOT_BUILT, "--all-targets"];
    run(&mut AARCH64.cargo(context, &[&["check"], &all[..]].concat()))?;
    AARCH64.test(context)?;
    AARCH64.record(context)
}

/// Runs the tests of the library with musl, and records a program.
pub(crate) fn musl(context: &Context) -> Result<()> {
    MUSL.test(context)?;
    MUSL.record(context)
}

impl Target {
    fn cargo(&self, context: &Context, arguments: &[&str]) -> Command {
        let mut command = cargo(context, &[arguments, &["--target", self.triple]].concat());
        command.envs(self.variables.iter().copied());
        command
    }

    fn test(&self, context: &Context) -> Result<()> {
        let packages = self.crates.iter().flat_map(|name| ["--package", name]);
        let arguments: Vec<&str> = ["--lib", "--target", self.triple, "-E", self.filter]
            .into_iter()
            .chain(packages)
            .collect();
        tests(context, &arguments, |command| {
            command.envs(self.variables.iter().copied());
        })
    }

    fn program(&self, context: &Context, name: &str) -> Vec<String> {
        let path = context.target.join(self.triple).join("debug").join(name);
        let emulator = self.emulator.iter().map(|word| (*word).to_owned());
        emulator.chain([path.display().to_string()]).collect()
    }

    /// The target's recorder records the target's program: babeltrace2 finds what the program says that
    /// it emitted, or how many of them were discarded.
    fn record(&self, context: &Context) -> Result<()> {
        let packages = ["build", "--package", "thalweg-cli", "--package", "shop"];
        run(&mut self.cargo(context, &packages))?;
        let trace = context.target.join(self.triple).join("trace");
        let _ = std::fs::remove_dir_all(&trace);
        let recorder = self.program(context, "thalweg");
        let recorded = Command::new(&recorder[0])
            .args(&recorder[1..])
            .args(["record", "--no-kernel", "-o"])
            .arg(&trace)
            .arg("--")
            .args(self.program(context, "shop"))
            .args(["--requests", "2000"])
            .output()
            .with_context(|| format!("run {}", recorder[0]))?;
        let said = String::from_utf8_lossy(&recorded.stdout);
        let produced: usize = said
            .split_once(" events")
            .and_then(|(before, _)| before.rsplit(' ').next())
            .and_then(|count| count.parse().ok())
            .with_context(|| format!("shop says how many events it emitted: {recorded:?}"))?;
        let read = Command::new("babeltrace2")
            .arg(&trace)
            .output()
            .context("run babeltrace2")?;
        let text = String::from_utf8_lossy(&read.stdout);
        let is_own = |line: &&str| !line.contains("lttng_ust_statedump:");
        let found = text.lines().filter(is_own).count();
        let discarded = discarded(&String::from_utf8_lossy(&read.stderr))?;
        ensure!(
            found + discarded == produced,
            "{found} of {produced} events are in the trace, and {discarded} counted as discarded"
        );
        println!("{produced} events, as babeltrace2 counts them: {discarded} of them discarded");
        Ok(())
    }
}

/// How many events babeltrace2's warnings count, and that it warns of nothing else.
fn discarded(warnings: &str) -> Result<usize> {
    let count = |line: &str| {
        let (_, behind) = line.split_once("WARNING: Tracer discarded ")?;
        behind.split(' ').next()?.parse::<usize>().ok()
    };
    let told = warnings.lines().filter(|line| !line.is_empty());
    told.map(|line| count(line).with_context(|| line.to_owned()))
        .sum()
}
