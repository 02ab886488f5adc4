//! What `watch` is told.

use std::ffi::OsString;
use std::time::Duration;

use thalweg_kernel::WatchSpec;

use crate::number::parse_seconds;

/// What `watch` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// What to count: 'AGGREGATES [of EVENT] [by KEYS] [where FILTER]'.
    #[arg(value_name = "ONE-LINER")]
    pub(crate) spec: WatchSpec,

    /// Print what was counted every SECS seconds [default: 1, and with COMMAND only at the end].
    #[arg(short, long, value_name = "SECS", value_parser = parse_seconds)]
    pub(crate) interval: Option<Duration>,

    /// Print once, at the end.
    #[arg(long, conflicts_with = "interval")]
    pub(crate) once: bool,

    /// Print each table as a line of JSON, in a stable form with a version number.
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the first N groups of a table: those with the largest first number; 0 for all.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30)]
    pub(crate) top: usize,

    /// Have room in the kernel for N groups in an interval, or in a second of a longer one; events of
    /// others are counted and told.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) groups: u32,

    /// Stop after SECS seconds; a command that still runs then is asked to end (SIGTERM).
    #[arg(long, value_name = "SECS", value_parser = parse_seconds)]
    pub(crate) duration: Option<Duration>,

    /// Count while this command runs; without one, until Ctrl-C.
    #[arg(value_name = "COMMAND", last = true)]
    pub(crate) command: Vec<OsString>,
}

const HELP: &str = "\
Examples:
  thalweg watch 'count() by comm where syscall == \"openat\"'
  thalweg watch 'count(), max(latency) by syscall where pid == 4711'
  thalweg watch 'quantiles(latency) by comm where syscall == \"fsync\"' --duration 10 --once
  thalweg watch 'sum(ret), count() of syscall:read by comm, fd where ret > 0'
  thalweg watch 'count() of syscall:openat by filename' -- make
  thalweg watch 'count() of sched_switch by prev_comm where prev_state == 0'
  thalweg watch 'histogram(bytes_req) of kmem:kmalloc' --once
  thalweg watch 'count() of irq:* by event, cpu' --json
  thalweg watch 'count(), max(n) of probe:./app:work n=$arg1:s32 by comm'
  thalweg watch 'quantiles(latency) of probe:./app:work%return' -- ./app

AGGREGATES, with commas between: count(), and of a number X sum(X), min(X), max(X), avg(X),
quantiles(X) and histogram(X), whose buckets tell a number to 1.6 %.
EVENT: syscall (or nothing), syscall:NAME, probe:PROBE as `record --probe` has it, or the name of an event,
a glob, SUBSYSTEM:EVENT, as `thalweg list -k` has them.
KEYS, four at most, with commas between. KEYS and X are fields, or expressions of them:
  of every event     comm pid tid cpu uid gid cgroup
  of a system call   syscall (its name), ret, latency (from entry to exit, in nanoseconds)
  of syscall:NAME    its arguments, too; texts are read from the program's memory
  of a probe         what it fetches; of a %return latency, from the call
  of other events    their own fields, as `thalweg list -k --fields` has them, and event (its name)
  An event's own field goes before one of every event with the same name.
FILTER is that of `record --filter`. With ret or latency calls are counted when they end, else when they
begin. What thalweg itself does is left out.

The whole machine is counted, not COMMAND alone. Exit status: that of COMMAND, else 0; 125 if thalweg
failed; 126 if COMMAND cannot be run; 127 if it is not found; 2 if the command line is wrong.";
