//! How much of each decoder its fuzz corpus runs, in lines.
//!
//! ```text
//!   target built with -Cinstrument-coverage ──corpus──▶ .profraw ──cov──▶ listing ──▶ percent
//! ```
//!
//! The listing comes from the crate `llvm_profparser`: Debian's LLVM is older than rustc's and
//! cannot read its profiles, and a distribution's toolchain has no `llvm-tools`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::cargo::{cargo, run};
use crate::fuzz;
use crate::step::Context;

/// The files that each target is there for, as beginnings of their paths.
const DECODERS: &[(&str, &[&str])] = &[
    ("btf", &["crates/bpf/src/btf"]),
    ("ctf_index", &["crates/ctf/src/read/index.rs"]),
    ("ctf_metadata", &["crates/ctf/src/metadata"]),
    (
        "ctf_packet",
        &[
            "crates/ctf/src/read/batch.rs",
            "crates/ctf/src/read/bits.rs",
            "crates/ctf/src/read/clock.rs",
            "crates/ctf/src/read/compile.rs",
            "crates/ctf/src/read/cursor.rs",
            "crates/ctf/src/read/decoder.rs",
            "crates/ctf/src/read/error.rs",
            "crates/ctf/src/read/flat.rs",
            "crates/ctf/src/read/head.rs",
            "crates/ctf/src/read/header.rs",
            "crates/ctf/src/read/plan.rs",
            "crates/ctf/src/read/run.rs",
            "crates/ctf/src/read/sink.rs",
            "crates/ctf/src/read/slots.rs",
            "crates/ctf/src/read/stream.rs",
            "crates/ctf/src/read/wanted.rs",
        ],
    ),
    ("elf", &["crates/collect/src/statedump/elf.rs"]),
    ("elf_loaded", &["helpers/shared/src/elf"]),
    ("filter", &["crates/filter/src"]),
    ("ftrace_format", &["crates/kbuf/src/format"]),
    (
        "ftrace_page",
        &[
            "crates/kbuf/src/page",
            "crates/kbuf/src/plan",
            "crates/kbuf/src/transcode",
        ],
    ),
    ("hist_table", &["crates/kbuf/src/hist.rs"]),
    ("probe_points", &["crates/elf/src"]),
    (
        "proc_text",
        &[
            "crates/collect/src/context/text.rs",
            "crates/collect/src/statedump/maps.rs",
        ],
    ),
    (
        "rendezvous",
        &[
            "crates/abi/src/rendezvous.rs",
            "crates/collect/src/program/class.rs",
            "crates/collect/src/program/definitions.rs",
            "crates/collect/src/program/input.rs",
            "crates/collect/src/program/lowered.rs",
            "crates/collect/src/program/plan.rs",
            "crates/collect/src/program/sampled.rs",
        ],
    ),
    (
        "ring",
        &["crates/ring/src/walk.rs", "crates/abi/src/record.rs"],
    ),
    (
        "syscall_record",
        &[
            "crates/kbuf/src/syscall/address.rs",
            "crates/kbuf/src/syscall/encode.rs",
            "crates/kbuf/src/syscall/lower.rs",
            "crates/kbuf/src/syscall/record.rs",
        ],
    ),
    (
        "perf_record",
        &[
            "crates/kbuf/src/perf/encode.rs",
            "crates/kbuf/src/perf/record.rs",
        ],
    ),
    ("task_record", &["crates/kbuf/src/task"]),
    ("told_record", &["crates/kbuf/src/told"]),
    ("tracer_record", &["crates/kbuf/src/ftrace"]),
];

/// A decoder whose corpus runs less has a part that no fuzzing ever reached.
const FLOOR_PERCENT: u64 = 90;

/// Prints the coverage of every decoder; fails when one is below the floor.
pub(crate) fn decoders(context: &Context) -> Result<()> {
    for target in fuzz::targets(&context.root)? {
        let has_row = DECODERS.iter().any(|(name, _)| *name == target);
        ensure!(has_row, "no row says which files `{target}` is there for");
    }
    let tool = tool(context)?;
    fuzz::build_for_coverage(context)?;
    let mut low = Vec::new();
    for (target, files) in DECODERS {
        let profile = fuzz::profile(context, target)?;
        let listing = listing(&tool, &fuzz::coverage_binary(context, target), &profile)?;
        let lines = Lines::of(&listing, &context.root, files);
        println!("coverage of {target}: {lines}");
        if lines.percent() < FLOOR_PERCENT {
            low.push(format!("{target} at {} %", lines.percent()));
        }
    }
    ensure!(
        low.is_empty(),
        "below {FLOOR_PERCENT} %: {}",
        low.join(", ")
    );
    Ok(())
}

/// The `cov` program, installed below the target folder when it is not there yet.
fn tool(context: &Context) -> Result<PathBuf> {
    let root = context.target.join("tools");
    let tool = root.join("bin/cov");
    if !tool.is_file() {
        let features = format!("cli,__llvm_{}", llvm_version()?);
        let mut install = cargo(context, &["install", "--locked", "llvm_profparser@0.15.0"]);
        install
            .arg("--no-default-features")
            .args(["--features", &features]);
        run(install.arg("--root").arg(&root))?;
    }
    Ok(tool)
}

/// The major version of the LLVM in rustc.
fn llvm_version() -> Result<String> {
    let words = output(Command::new("rustc").arg("-vV"))?;
    let line = words
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "));
    let major = line.and_then(|version| version.split('.').next());
    Ok(major
        .context("find LLVM's version in `rustc -vV`")?
        .to_owned())
}

fn listing(tool: &Path, binary: &Path, profile: &Path) -> Result<String> {
    let mut command = Command::new(tool);
    command
        .arg("show")
        .arg("--object")
        .arg(binary)
        .arg("--instr-profile")
        .arg(profile);
    output(&mut command)
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}",
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines of code that can run, and that did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    run: u64,
    all: u64,
}

impl Lines {
    /// Counts the lines of a listing that belong to files below `root` with these beginnings.
    ///
    /// ```text
    ///   /home/me/thalweg/crates/ctf/src/read/packet.rs       a file begins with its path
    ///      12|     40|    let length = self.word()?;         line | times run | text
    ///      13|       |                                       nothing to run
    /// ```
    fn of(listing: &str, root: &Path, files: &[&str]) -> Self {
        let mut lines = Self::default();
        let mut is_ours = false;
        for line in listing.lines() {
            match times(line) {
                Some(times) if is_ours => lines.add(times),
                Some(_) => {}
                None => is_ours = is_below(line, root, files).unwrap_or(is_ours),
            }
        }
        lines
    }

    fn add(&mut self, times: Option<u64>) {
        self.all += u64::from(times.is_some());
        self.run += u64::from(times.is_some_and(|times| times > 0));
    }

    fn percent(self) -> u64 {
        (self.run * 100).checked_div(self.all).unwrap_or(0)
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} of {} lines, {} %",
            self.run,
            self.all,
            self.percent()
        )
    }
}

/// How often a line ran, `Some(None)` when there is nothing to run in it; `None` when the text is
/// no line of a listing.
fn times(line: &str) -> Option<Option<u64>> {
    let mut parts = line.splitn(3, '|');
    let (number, times, _) = (parts.next()?, parts.next()?, parts.next()?);
    number.trim().parse::<u64>().ok()?;
    Some(times.trim().parse().ok())
}

/// Whether a path in a listing is one of the files; `None` when the line is no path.
fn is_below(line: &str, root: &Path, files: &[&str]) -> Option<bool> {
    line.starts_with('/').then(|| {
        let inside = Path::new(line)
            .strip_prefix(root)
            .ok()
            .and_then(Path::to_str);
        inside.is_some_and(|inside| files.iter().any(|file| inside.starts_with(file)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\
/p/crates/ctf/src/read/a.rs
    1|       |//! Words.
    2|      7|fn f() {
    3|      0|    g();
    4|      1|    h(\"a|b\");

/p/crates/ctf/src/write/a.rs
    1|      0|fn f() {}
";

    #[test]
    fn lines_that_ran_are_counted_among_those_that_can() {
        let lines = Lines::of(LISTING, Path::new("/p"), &["crates/ctf/src/read"]);
        assert_eq!(lines.to_string(), "2 of 3 lines, 66 %");
    }

    #[test]
    fn other_files_do_not_count() {
        let lines = Lines::of(LISTING, Path::new("/q"), &["crates/ctf/src/read"]);
        assert_eq!(lines, Lines::default());
        assert_eq!(lines.percent(), 0);
    }
}
