//! What `stat` is told.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use thalweg_kernel::PerfEventName;

use crate::number::parse_seconds;

/// What `stat` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Count these events, with commas between: page-faults, cycles, sched:sched_switch, …
    #[arg(
        short,
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        default_value = "task-clock,context-switches,cpu-migrations,page-faults,cycles,instructions,branches,branch-misses"
    )]
    pub(crate) event: Vec<PerfEventName>,

    /// Count what these processes do, and what they start from now on; several with commas between.
    #[arg(
        short,
        long,
        value_name = "PIDS",
        value_delimiter = ',',
        conflicts_with = "all_cpus"
    )]
    pub(crate) pid: Vec<u32>,

    /// Count what all CPUs do.
    #[arg(short, long)]
    pub(crate) all_cpus: bool,

    /// Print the counts as JSON, in a stable form with a version number.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the counts to FILE instead of standard error.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Stop after SECS seconds; a command that still runs then is asked to end (SIGTERM).
    #[arg(long, value_name = "SECS", value_parser = parse_seconds)]
    pub(crate) duration: Option<Duration>,

    /// The command, with its arguments: what it and all that it starts do is counted; with --pid or
    /// --all-cpus it only says for how long. Without one, until Ctrl-C.
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        required_unless_present_any = ["pid", "all_cpus"]
    )]
    pub(crate) command: Vec<OsString>,
}

const HELP: &str = "\
Examples:
  thalweg stat -- make                                  the usual counts of make and all that it starts
  thalweg stat -e page-faults,sched:sched_switch -- ls  these only
  thalweg stat -a --duration 10                         of all that runs, for ten seconds
  thalweg stat -p 4711                                  of a process, until Ctrl-C
  thalweg stat --json -o counts.json -- ./app           for a program to read

The counts go to standard error, as the command's own output goes to standard output.
An event that there is no counter for is told as `not counted`, with the reason.

Exit status: that of COMMAND; 128+N if signal N ended it; 125 if nothing could be counted; 126 if
COMMAND cannot be run; 127 if it is not found.";
