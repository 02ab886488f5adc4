//! Other people's programs, run by tests; a missing one is a failure that names its package.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Which Debian package has a program.
const PACKAGES: [(&str, &str); 6] = [
    ("babeltrace2", "babeltrace2"),
    ("lttng", "lttng-tools"),
    ("lttng-sessiond", "lttng-tools"),
    ("gcc", "gcc liblttng-ust-dev"),
    ("unshare", "util-linux"),
    ("strace", "strace"),
];

/// What a program wrote, and whether it was content.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Whether it ended with status 0.
    pub success: bool,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            success: output.status.success(),
        }
    }
}

/// Runs `program` to its end.
#[track_caller]
pub fn run<A: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = A>) -> Ran {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    finish(program, &mut command)
}

/// Runs a prepared command to its end.
#[track_caller]
pub fn finish(program: &str, command: &mut Command) -> Ran {
    match command.output() {
        Ok(output) => output.into(),
        Err(error) => panic!(
            "{program} does not run ({error}); install {}",
            package(program)
        ),
    }
}

/// What to install for `program`.
pub fn package(program: &str) -> &str {
    PACKAGES
        .iter()
        .find(|(name, _)| *name == program)
        .map_or(program, |(_, package)| package)
}

/// What babeltrace2 says of the trace in `dir`.
#[track_caller]
pub fn babeltrace2(dir: &Path) -> Ran {
    run("babeltrace2", [OsStr::new("--clock-gmt"), dir.as_os_str()])
}

/// The text of a trace that babeltrace2 must read without one word of complaint.
#[track_caller]
pub fn babeltrace2_clean(dir: &Path) -> String {
    let ran = babeltrace2(dir);
    assert!(
        ran.success && ran.stderr.is_empty(),
        "babeltrace2 {}:\n{}",
        dir.display(),
        ran.stderr
    );
    ran.stdout
}

/// How many discarded events babeltrace2 reported on standard error, which says nothing else;
/// `Err`: the first other thing that it says.
pub fn discarded_events(stderr: &str) -> Result<u64, String> {
    let count = |line: &str| {
        let rest = line.strip_prefix("WARNING: Tracer discarded ")?;
        let (count, rest) = rest.split_once(' ')?;
        rest.starts_with("event")
            .then(|| count.parse::<u64>().ok())?
    };
    let lines = stderr.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| count(line).ok_or_else(|| line.to_owned()))
        .sum()
}
