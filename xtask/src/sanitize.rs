//! The stress tests of the crates that contain `unsafe`, under the compiler's sanitizers; under
//! AddressSanitizer also a recorder whose programs try to harm it, for five minutes.
//!
//! Std itself comes as it was shipped, without the sanitizer: its source is not part of every
//! toolchain. The test harness and std hand their things from thread to thread inside of std, which
//! ThreadSanitizer cannot see: exactly those are suppressed. Tests that race on purpose, as another
//! process would, are left out by `cfg(sanitized = "thread")`. Leaks are not looked for: tests that
//! leave a writer dead in the middle of an event leak its things on purpose.

use std::fs;

use anyhow::{Context as _, Result};

use crate::cargo::{allow_unstable, cargo, run, tests};
use crate::step::Context;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const CRATES: &[&str] = &["thalweg-ring", "thalweg-sys", "thalweg"];

/// What libtest's threads hand each other: the result of a test, and the test itself; and what std
/// keeps of a thread, which the last of its owners frees behind a fence.
const OF_STD: &str = "race:CompletedTest\nrace:Mutex<core::option::Option<test::run_test\n\
                      race:Arc<std::thread::\n";

/// How long programs scribble over their rings under a recorder; the variable that says so wins.
const HOSTILE_SECONDS: (&str, &str) = ("THALWEG_HOSTILE_SECONDS", "300");

/// Use after free, out of bounds: in the crates, and in a recorder and the programs that try to harm it.
pub(crate) fn address(context: &Context) -> Result<()> {
    let packages: Vec<&str> = packages().collect();
    sanitized(context, "address", &packages)?;
    let hostile = ["--package", "thalweg-tests", "--test", "hostile"];
    sanitized(context, "address", &hostile)
}

/// Data races.
pub(crate) fn thread(context: &Context) -> Result<()> {
    let packages: Vec<&str> = packages().collect();
    sanitized(context, "thread", &packages)
}

/// What Miri sees: undefined behaviour and data races, in the few schedules that it has time for. Of AArch64,
/// because the ring has assembler on x86-64.
pub(crate) fn miri(context: &Context) -> Result<()> {
    let what = ["--package", "thalweg-ring", "--test", "stress"];
    let target = ["--target", "aarch64-unknown-linux-gnu"];
    let mut command = cargo(
        context,
        &[&["+nightly", "miri", "test"], &what[..], &target].concat(),
    );
    // Its emulation of weak memory breaks on a store after one that is not atomic; loom has that part.
    let flags =
        "-Zmiri-disable-isolation -Zmiri-disable-weak-memory-emulation -Zmiri-many-seeds=0..4";
    command
        .env("MIRIFLAGS", flags)
        .env("THALWEG_STRESS_EVENTS", "50");
    run(&mut command)
}

fn packages() -> impl Iterator<Item = &'static str> {
    CRATES.iter().flat_map(|name| ["--package", name])
}

fn sanitized(context: &Context, sanitizer: &str, what: &[&str]) -> Result<()> {
    let suppressions = context.target.join("tsan-suppressions");
    fs::write(&suppressions, OF_STD).context("write the suppressions")?;
    let arguments = [what, &["--target", TRIPLE]].concat();
    let (variable, seconds) = HOSTILE_SECONDS;
    let seconds = std::env::var(variable).unwrap_or_else(|_| seconds.to_owned());
    tests(context, &arguments, |command| {
        let flags = format!(
            "-Zsanitizer={sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer \
             --cfg sanitized --cfg sanitized=\"{sanitizer}\""
        );
        command
            .env("RUSTFLAGS", flags)
            .env(
                "TSAN_OPTIONS",
                format!("suppressions={}", suppressions.display()),
            )
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .env(variable, &seconds)
            .env("CARGO_TARGET_DIR", context.target.join(sanitizer));
        allow_unstable(command);
    })
}
