//! What `list` is told.

/// What `list` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
#[command(group(
    clap::ArgGroup::new("what")
        .args(["kernel", "syscall", "user", "probe"])
        .required(true)
        .multiple(true)
))]
pub(crate) struct Args {
    /// List the events of this kernel, with subsystem and name as the kernel has them.
    #[arg(short, long)]
    pub(crate) kernel: bool,

    /// List the system calls that `record --syscalls` records, with their numbers.
    #[arg(long)]
    pub(crate) syscall: bool,

    /// List the events of programs that run now, with their levels.
    #[arg(short, long)]
    pub(crate) user: bool,

    /// List the functions and SDT probes of this program or library, as `record --probe` takes them.
    #[arg(long, value_name = "FILE")]
    pub(crate) probe: Option<String>,

    /// Show each event's fields, with their types in the trace.
    #[arg(long)]
    pub(crate) fields: bool,

    /// Names, globs, and of the kernel also SUBSYSTEM or SUBSYSTEM:EVENT, with commas between; all
    /// events without one.
    #[arg(value_name = "PATTERNS", value_delimiter = ',')]
    pub(crate) patterns: Vec<String>,
}

const HELP: &str = "\
Examples:
  thalweg list -k 'sched*' --fields    events of the scheduler, and what they tell
  thalweg list -k irq:                 all of one subsystem
  thalweg list --syscall 'open*'       system calls whose names begin so
  thalweg list -u                      what running programs can tell
  thalweg list --probe ./app           functions and SDT probes of a program, with their arguments

Types: i32 and u64 are integers with and without sign, x hexadecimal, be big-endian; text[16] has room
for so many bytes; u32[_vtids_length] has as many elements as the field _vtids_length says.
Events that a program defines later than at its start are not listed.

Exit status: 0 if there are such events, 1 if not, 2 if the command line is wrong.";
