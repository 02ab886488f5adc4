//! Calls of cargo and other programs: run, shown, counted.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::counts::{Counts, Runner};
use crate::step::Context;

/// A cargo call in the checkout, without input.
pub(crate) fn cargo(context: &Context, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .current_dir(&context.root)
        .stdin(Stdio::null());
    // What `cargo xtask` itself was called with says nothing about the builds that it starts.
    command
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Runs a command to its end; an unhappy end is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("run {}", name_of(command)))?;
    ensure!(status.success(), "{} ended with {status}", name_of(command));
    Ok(())
}

/// Runs tests with nextest where it is installed, else with cargo's own runner, and adds what ran
/// to the context's counts. No test at all is an error: a filter that matches nothing proves nothing.
pub(crate) fn tests(
    context: &Context,
    arguments: &[&str],
    adjust: impl FnOnce(&mut Command),
) -> Result<()> {
    let (runner, words): (_, &[&str]) = if has_nextest() {
        (Runner::Nextest, &["nextest", "run", "--no-fail-fast"])
    } else {
        let targets = &[
            "test",
            "--no-fail-fast",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ];
        (Runner::Cargo, targets)
    };
    let mut command = cargo(context, words);
    command.args(arguments);
    if context.is_long {
        // Its limits for one test are in .config/nextest.toml.
        command.env("NEXTEST_PROFILE", "nightly");
    }
    adjust(&mut command);
    counted(context, runner, &mut command)
}

/// Runs a command that runs tests; shows its output and counts the tests.
pub(crate) fn counted(context: &Context, runner: Runner, command: &mut Command) -> Result<()> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("run {}", name_of(command)))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let err = thread::spawn(move || err.map_or(Counts::default(), |err| show(runner, err)));
    let counts = out.map_or(Counts::default(), |out| show(runner, out));
    let counts = counts
        + err
            .join()
            .map_err(|_| anyhow!("a thread that copies output panicked"))?;
    context.counts.set(context.counts.get() + counts);
    let status = child
        .wait()
        .with_context(|| format!("wait for {}", name_of(command)))?;
    ensure!(status.success(), "{} ended with {status}", name_of(command));
    ensure!(counts.passed > 0, "{} ran no test", name_of(command));
    Ok(())
}

fn show(runner: Runner, output: impl Read) -> Counts {
    let lines = BufReader::new(output).split(b'\n').map_while(Result::ok);
    lines.fold(Counts::default(), |counts, line| {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        counts + Counts::parse(runner, &line).unwrap_or_default()
    })
}

/// Whether `cargo nextest` is there.
fn has_nextest() -> bool {
    let mut version = Command::new("cargo");
    version
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Lets a cargo call use the compiler's unstable options: the nightly toolchain where it is
/// installed, else the stable one told to accept them.
pub(crate) fn allow_unstable(command: &mut Command) {
    if has_nightly() {
        command.env("RUSTUP_TOOLCHAIN", "nightly");
    } else {
        command.env("RUSTC_BOOTSTRAP", "1");
    }
}

fn has_nightly() -> bool {
    let mut version = Command::new("cargo");
    version
        .args(["+nightly", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

fn name_of(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    let program = command.get_program().to_string_lossy();
    std::iter::once(program)
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
