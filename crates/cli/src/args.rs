//! The command line: one definition for each flag, from which parser and help come.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use thalweg_filter::Filter;
use thalweg_model::LogLevel;

use thalweg_collect::Contexts;
use thalweg_kernel::{FunctionSpec, PerfEventName, ProbeSpec};

use crate::exit::{RECORD_FAILED, USAGE};
use crate::functions::FunctionArgs;
use crate::info;
use crate::kernel_filter::KernelFilter;
use crate::level;
use crate::list;
use crate::names::CallNames;
use crate::number::{
    Patience, parse_interval, parse_patience, parse_ring_size, parse_seconds, parse_size,
};
use crate::record::Helper;
use crate::stat;
use crate::track::Tracked;
use crate::triggers::TriggerArgs;
use crate::view;
use crate::watch;

/// One trace of the kernel and of the programs on it, without a kernel module.
#[derive(Debug, Parser)]
#[command(name = "thalweg", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  thalweg record -- ./app            record the kernel and ./app until it ends
  thalweg list -k 'sched*' --fields  see which events the kernel has, and what they tell
  thalweg watch 'count() by comm'    count system calls, with nothing recorded
  thalweg view thalweg-trace-…       read the trace as text
  thalweg stat -- ./app              count what ./app does: time, page faults, …
  thalweg doctor                     see what this machine offers for tracing";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Record kernel and programs together, while a command runs or until Ctrl-C.
    Record(Box<RecordArgs>),
    /// List the events that there are: of the kernel, of system calls, of running programs; and what of a
    /// program can be probed.
    List(list::Args),
    /// Print a trace as text, one line an event, in the order of time.
    View(Box<view::Args>),
    /// Count events in the kernel, by groups, without a recording: 'count() by comm where …'.
    Watch(Box<watch::Args>),
    /// Say what is in a trace: its environment, clocks and streams, and how many events of each name.
    Info(info::Args),
    /// Count what happens while a command runs: time, page faults, switches, any tracepoint.
    Stat(stat::Args),
    /// Say what this machine offers for tracing, what is missing, and what to do about it.
    Doctor(DoctorArgs),
    /// Take up what killed recorders left behind: finish their traces and clean up after them.
    Recover(RecoverArgs),
    /// Outlives a killed recorder.
    #[command(name = "__keeper", hide = true)]
    Keeper,
}

/// What `record` is told.
#[derive(Debug, Args)]
#[command(after_help = RECORD_HELP)]
pub(crate) struct RecordArgs {
    /// Write the trace to DIR, which must not exist [default: thalweg-trace-DATE-TIME].
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Record these kernel events: names, globs, SUBSYSTEM or SUBSYSTEM:EVENT, with commas between.
    #[arg(short, long, value_name = "PATTERNS", value_delimiter = ',')]
    pub(crate) kernel: Vec<String>,

    /// Record only kernel events that pass: 'EXPRESSION' for all of them, system calls among them,
    /// 'PATTERNS: EXPRESSION' for some, with the fields that `list -k --fields` shows; several hold
    /// together.
    #[arg(long, value_name = "FILTER")]
    pub(crate) kernel_filter: Vec<KernelFilter>,

    /// Record kernel events of these only: pid=NUMBER (a process, its threads and all that they start),
    /// or whoever is that at the moment: vpid=NUMBER, uid=USER, gid=GROUP, cgroup=PATH, container=ID;
    /// several with commas between: one of each kind must hold.
    #[arg(long, value_name = "WHOSE", value_delimiter = ',')]
    pub(crate) track: Vec<Tracked>,

    /// Record no kernel events of these, named in the same way.
    #[arg(long, value_name = "WHOSE", value_delimiter = ',')]
    pub(crate) untrack: Vec<Tracked>,

    /// Record kernel events of COMMAND and of all that it starts, and of nobody else.
    #[arg(long, requires = "command")]
    pub(crate) follow: bool,

    /// Record system calls with the texts, addresses and arguments that their pointers point at: all,
    /// or the calls of these names, in which `*` stands for anything.
    #[arg(
        long,
        value_name = "CALLS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub(crate) syscalls: Option<CallNames>,

    /// Record the first N bytes of what each system call reads, writes, sends and receives (4096 at most).
    #[arg(long, value_name = "N", requires = "syscalls", default_value_t = 0)]
    #[arg(hide_default_value = true, value_parser = clap::value_parser!(u16).range(..=4096))]
    pub(crate) syscall_data: u16,

    /// Say in system calls which file each descriptor is.
    #[arg(long, requires = "syscalls")]
    pub(crate) fd_paths: bool,

    /// Record each pass through a place in a program or library, of all processes that run it, or in
    /// the kernel, with arguments: FILE:FUNCTION, sdt:FILE:PROVIDER:PROBE, FUNCTION (below).
    #[arg(long, alias = "userspace-probe", value_name = "PROBE")]
    pub(crate) probe: Vec<ProbeSpec>,

    /// Record each call of a function and each return, as NAME_entry and NAME_exit: FUNCTION of the
    /// kernel, or FILE:FUNCTION.
    #[arg(long, value_name = "PROBE")]
    pub(crate) function: Vec<FunctionSpec>,

    #[command(flatten)]
    pub(crate) functions: FunctionArgs,

    #[command(flatten)]
    pub(crate) triggers: TriggerArgs,

    /// Sample what each CPU does, HZ times a second while it does something: where it is, and who
    /// called, in the kernel and in programs; with --track or --follow, what the tracked threads do.
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) profile: Option<u64>,

    /// Sample at these events instead of by the clock, HZ times a second if there are as many: page-faults,
    /// context-switches, cycles, sched:sched_switch, …
    #[arg(
        long,
        value_name = "EVENTS",
        value_delimiter = ',',
        default_value = "cpu-clock",
        requires = "profile"
    )]
    pub(crate) profile_event: Vec<PerfEventName>,

    /// Record what these counters show, on each CPU, at each interval: page-faults, cycles,
    /// sched:sched_switch, … with commas between.
    #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
    pub(crate) count: Vec<PerfEventName>,

    /// The time from one reading of --count to the next (50ms, 1s).
    #[arg(
        long,
        value_name = "TIME",
        value_parser = parse_interval,
        default_value = "100ms",
        requires = "count"
    )]
    pub(crate) count_interval: Duration,

    /// Take what this trace instance, which somebody else has made, holds by now into a trace, by its own
    /// clock, and end: one of the kernel's command line (trace_instance=NAME,EVENTS).
    #[arg(long, value_name = "NAME", conflicts_with_all = [
            "kernel", "kernel_filter", "syscalls", "probe", "function", "functions", "function_graph",
            "hist", "synthetic", "tracer", "kernel_buffer", "track", "untrack", "follow", "profile", "count",
            "no_kernel", "user", "filter", "helper", "context", "overwrite", "blocking", "duration",
            "plan", "command"
        ])]
    pub(crate) attach_instance: Option<String>,

    /// Record nothing of the kernel.
    #[arg(long, conflicts_with_all = [
            "kernel", "kernel_filter", "syscalls", "probe", "function", "functions",
            "function_graph", "kernel_buffer", "track", "untrack", "follow", "profile", "count", "hist",
            "synthetic", "tracer"
        ])]
    pub(crate) no_kernel: bool,

    /// Record these events of programs: names, in which `*` stands for anything [default: *].
    #[arg(short, long, value_name = "PATTERNS", value_delimiter = ',')]
    pub(crate) user: Vec<String>,

    /// Leave these events of programs out, with commas between; `*` stands for anything.
    #[arg(short = 'x', long, value_name = "PATTERNS", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,

    /// Record programs' events of this level and of more severe ones only (info: emerg to info).
    #[arg(long, value_name = "LEVEL", value_parser = level::parser())]
    pub(crate) loglevel: Option<LogLevel>,

    /// Record programs' events of this level only.
    #[arg(long, value_name = "LEVEL", value_parser = level::parser(), conflicts_with = "loglevel")]
    pub(crate) loglevel_only: Option<LogLevel>,

    /// Record programs' events that pass this filter only, such as 'size > 4096 && name == "a*"'.
    #[arg(short, long, value_name = "EXPRESSION")]
    pub(crate) filter: Option<Filter>,

    /// Say in each event what its thread is, and where: vpid, vtid, procname, vuid, ip, … (all below),
    /// with commas between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = Contexts::named)]
    pub(crate) context: Vec<Contexts>,

    /// Record nothing of programs.
    #[arg(
        long,
        conflicts_with_all = [
            "user", "exclude", "loglevel", "loglevel_only", "filter", "ring_size", "blocking",
            "no_kernel"
        ]
    )]
    pub(crate) no_user: bool,

    /// Preload helpers that tell what COMMAND does, as it is: names from below, with commas between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_enum)]
    #[arg(
        hide_possible_values = true,
        requires = "command",
        conflicts_with = "no_user"
    )]
    pub(crate) helper: Vec<Helper>,

    /// Let the rings of all programs together take at most SIZE of memory (64K, 8M, 1G).
    #[arg(long, value_name = "SIZE", value_parser = parse_ring_size, default_value = "64M")]
    pub(crate) ring_size: u64,

    /// Keep the newest events of programs and of the kernel in their rings, and write them at the end,
    /// or into DIR-snapshot-N, with a state dump, whenever SIGUSR1 comes.
    #[arg(long, conflicts_with = "blocking")]
    pub(crate) overwrite: bool,

    /// Let a program's thread wait for room in its ring, TIMEOUT at most (500us, 20ms, 1s, or inf,
    /// as without it), if the program was started with THALWEG_ALLOW_BLOCKING=1.
    #[arg(
        long,
        value_name = "TIMEOUT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "inf",
        value_parser = parse_patience
    )]
    pub(crate) blocking: Option<Patience>,

    /// Give the kernel a ring of SIZE for each CPU [default: 8M].
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) kernel_buffer: Option<u64>,

    /// Stop after SECS seconds; a command that still runs then is asked to end (SIGTERM).
    #[arg(long, value_name = "SECS", value_parser = parse_seconds)]
    pub(crate) duration: Option<Duration>,

    /// Record nothing, and say by which mechanism each event would be recorded, and why.
    #[arg(long)]
    pub(crate) plan: bool,

    /// Show no progress line in the bottom row of the terminal.
    #[arg(long)]
    pub(crate) no_progress: bool,

    /// The command to record, with its arguments; without one, record until Ctrl-C.
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

const RECORD_HELP: &str = "\
Examples:
  thalweg record -- ./app --flag                        kernel and ./app together
  thalweg record -k 'sched_*,irq_*,syscalls' -- ./app   choose the kernel's events
  thalweg record -k sched_switch --kernel-filter 'prev_tid == 42' -- ./app
  thalweg record --follow --syscalls -- make            of make and all that it starts
  thalweg record --track pid=4711 --duration 5          of a process that runs
  thalweg record --track uid=www-data --untrack pid=815 of a user, but for a process
  thalweg record -k '*' --plan                          what would be recorded, and by what
  thalweg record --syscalls -- ./app                    each system call, with paths and addresses
  thalweg record --syscalls='open*,connect' -- ./app    these only
  thalweg record --probe sdt:python3:python:line        each line of every Python program
  thalweg record --probe './app:work n=$arg1:s32'       each call of a function, with an argument
  thalweg record --functions 'vfs_*' -- ./app           each call of these functions of the kernel
  thalweg record --function-graph 'ext4_*' -- ./app     and each return, with its duration
  thalweg record --hist 'kmalloc:keys=call_site.sym:vals=bytes_alloc' -- ./app    who allocates how much
  thalweg record --synthetic 'wakeup: sched_waking.pid -> sched_switch.next_pid next_comm'
                                                        how long each thread waits for a processor
  thalweg record --profile 999 -- ./app                 where the processors' time goes, and who calls
  thalweg record --count page-faults,cycles -- ./app    what is counted, ten times a second
  thalweg record -u 'shop:*' --no-kernel -- ./app       events of programs only
  thalweg record -u 'shop:*' --loglevel info -- ./app   without those for debugging
  thalweg record --context vtid,procname -- ./app       events that say whose they are
  thalweg record --helper libc,pthread -- ./app         and each malloc, free, lock, unlock of it
  thalweg record --duration 10 -o ten-seconds           all that runs, for ten seconds
  thalweg record --overwrite -- ./app                   what happened last, at the end or on SIGUSR1

With --syscalls, --probe, --function, --functions, --function-graph, --hist, --synthetic, --tracer,
--profile, --count or -k the default events of the kernel are left out; with several of them, what each names is recorded.

A probe is '[NAME=]PLACE [[FIELD=]FETCH[:TYPE]]... [if FILTER]':
  PLACE   [elf:]FILE:FUNCTION[+OFFSET], with %return behind it for its returns; FILE:0xADDRESS;
          FILE:+OFFSET in the file; sdt:FILE:PROVIDER:PROBE; FUNCTION[+OFFSET], with %return or
          not, of the kernel. `*` in the names of functions and probes: all such.
  FETCH   $arg1, $arg2 … (of functions and SDT probes), $PARAMETER (by its name, where BTF or debug
          information has it), $retval, $comm, %REGISTER, +OFFSET(FETCH)
  TYPE    s8 to s64, u8 to u64, x8 to x64 (hexadecimal), char, string, and TYPE[COUNT]
Without fields an SDT probe has all of its arguments, a function all of its parameters, if BTF or
debug information (C, C++) describes it. `thalweg list --probe FILE` lists places and arguments.

A filter of kernel events is one of --filter's language, on fields and contexts ($ctx.procname, $ctx.pid,
$ctx.uid, …). The kernel tests fields against constants, and all of it for --syscalls; what it cannot test of
other events is tested when they are read. Events that have no such field are left out, with a word.

--track and --follow leave out what other threads do; an event of the scheduler is recorded if one of
its two threads is tracked, an interrupt if it interrupts one. Programs' own events are not concerned.

Contexts, by LTTng's names: vpid vtid procname pthread_id cgroup_ns ipc_ns mnt_ns net_ns pid_ns
time_ns user_ns uts_ns vuid veuid vsuid vgid vegid vsgid; and cgroup (the path of the control
group), container (the id in it). cpu_id is there always. They are read from /proc at most 250 ms
before or after an event; the program does nothing for them.
Events of the kernel have pid tid ppid vpid vtid vppid procname prio nice, uid euid suid gid egid sgid and
the same with v in front (as the thread's own user namespace has them), all namespaces, cgroup_id, cgroup
and container, as they were at the event; hostname, and the processor's interruptible preemptible
need_reschedule migratable. Those that -k names have callstack-kernel, callstack-user and perf:cpu:NAME (what the
processor has counted since the start: page-faults, context-switches, …); then perf events record them
instead of tracefs.
Others the program takes itself, at each event: ip (the address of its call site),
callstack-user (and of those who called, as far as the program has frame pointers),
perf:thread:NAME (what the kernel counts of the thread: task-clock, page-faults, context-switches,
instructions, …, or raw:rHEX:NAME; not for programs that forbid themselves such calls), and
$app.PROVIDER:NAME (what the program provides, see thalweg::AppContext and thalweg_app_context_add).

Helpers, each a library that is preloaded into COMMAND:
  libc             each call of the allocator: malloc, calloc, realloc, free, aligned blocks
  pthread          each request for a mutex, its success, its end
  dl               libraries that come and go: dlopen, dlclose, with build ids
  functions        begin and end of functions built with -finstrument-functions, with the caller
  functions-fast   the same in fewer bytes: the function's address at its begin
They are looked for in $THALWEG_HELPERS, beside this program, and in ../lib/thalweg from there.
Processes that COMMAND starts have them, too; programs that are linked statically load none.

Recording ends when COMMAND has ended, not when its children have. Ctrl-C is the command's; the
recording ends with it. A second Ctrl-C ends the recording at once and leaves the command alone.

SIGUSR1 takes a snapshot of a recording with --overwrite. SIGUSR2 has the state of all programs told
again in any recording: what they have in memory and what their threads are called, and of those that
watch for it (thalweg::Watch, thalweg_watch_poll) whatever else they have to tell.

Exit status: that of COMMAND; 128+N if signal N ended it; 1 if it succeeded but the disk refused
events; 125 if thalweg failed; 126 if COMMAND cannot be run; 127 if it is not found.";

/// What `doctor` is told.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 if programs can be recorded, else 1.")]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON, in a stable form with a version number.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `recover` is told.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 if all is recovered, else 1.")]
pub(crate) struct RecoverArgs {
    /// The trace to finish; without one, all that killed recorders of this user left.
    pub(crate) trace: Option<PathBuf>,
}

/// The command, or the status to end with after help, a version or an error was printed.
pub(crate) fn parse() -> Result<Command, ExitCode> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(cli.command),
        Err(error) => error,
    };
    // A closed pipe does not matter: the status says it all.
    let _ = error.print();
    let records = std::env::args_os()
        .nth(1)
        .is_some_and(|name| name == "record" || name == "stat");
    Err(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ if records => ExitCode::from(RECORD_FAILED),
        _ => ExitCode::from(USAGE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str) -> Result<RecordArgs, String> {
        let words = ["thalweg", "record"]
            .into_iter()
            .chain(line.split(' ').filter(|w| !w.is_empty()));
        match Cli::try_parse_from(words) {
            Ok(Cli {
                command: Command::Record(args),
            }) => Ok(*args),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_definitions_agree_with_each_other() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_the_command_is_the_commands() {
        for line in [
            "-k sched -- app -k x --no-user",
            "-k sched app -k x --no-user",
        ] {
            let args = record(line).unwrap();
            assert_eq!(args.command, ["app", "-k", "x", "--no-user"], "{line}");
            assert_eq!(args.kernel, ["sched"]);
            assert!(!args.no_user);
        }
        assert_eq!(record("app -- x").unwrap().command, ["app", "--", "x"]);
    }

    #[test]
    fn patterns_are_lists_and_flags_that_contradict_are_refused() {
        let args = record("-k a,b -k c -u d,e").unwrap();
        assert_eq!(args.kernel, ["a", "b", "c"]);
        assert_eq!(args.user, ["d", "e"]);
        for line in [
            "--no-user --helper libc app",
            "--no-kernel -k a",
            "--no-user -u a",
            "--no-user --no-kernel",
        ] {
            assert!(
                record(line).unwrap_err().contains("cannot be used with"),
                "{line}"
            );
        }
    }

    #[test]
    fn levels_have_lttng_s_names_in_any_case() {
        let args = record("--loglevel info").unwrap();
        assert_eq!(args.loglevel, Some(LogLevel::Info));
        let args = record("--loglevel-only DEBUG_LINE").unwrap();
        assert_eq!(args.loglevel_only, Some(LogLevel::DebugLine));
        assert!(record("--loglevel inof").unwrap_err().contains("'info'"));
        assert!(record("--loglevel 6 --loglevel-only 6").is_err());
    }

    #[test]
    fn contexts_are_known_by_name_and_listed_in_the_help() {
        use thalweg_collect::context::Context;
        let args = record("--context vtid,vpid --context cpu_id,container").unwrap();
        let set = args
            .context
            .into_iter()
            .fold(Contexts::default(), Contexts::union);
        let expected = [Context::Vpid, Context::Vtid, Context::Container];
        assert_eq!(set.threads.iter().collect::<Vec<_>>(), expected);
        assert!(record("--context ip,$app.shop:tenant").is_ok());
        let said = record("--context vpid,procnam").unwrap_err();
        let line = said.lines().next().unwrap_or_default();
        assert!(
            line.contains("`procnam`; did you mean procname? There are: cpu_id vpid"),
            "{said}"
        );
        assert!(record("--no-user --context vpid,tid").is_ok());
        assert!(record("--context prio,nice,uid,cgroup_id").is_ok());
        let listed = |context: &Context| {
            RECORD_HELP
                .split([' ', '\n', ';', '.'])
                .any(|w| w == context.name())
        };
        assert!(Context::ALL.iter().all(listed));
    }

    #[test]
    fn sizes_and_times_are_checked_where_they_are_read() {
        let args = record("--ring-size 1M --kernel-buffer 64K --duration 0.5").unwrap();
        assert_eq!(
            (args.ring_size, args.kernel_buffer),
            (1 << 20, Some(1 << 16))
        );
        assert_eq!(args.duration, Some(Duration::from_millis(500)));
        assert!(
            record("--ring-size lots")
                .unwrap_err()
                .contains("expected a number and K, M or G")
        );
        assert_eq!(record("").unwrap().ring_size, 64 << 20);
    }

    #[test]
    fn system_calls_are_all_or_those_of_a_list() {
        let names = |line: &str| record(line).unwrap().syscalls.map(|list| list.0);
        assert_eq!(names(""), None);
        assert_eq!(names("--syscalls app"), Some(Vec::new()));
        let two = vec!["open*".to_owned(), "connect".to_owned()];
        assert_eq!(names("--syscalls=open*,connect app"), Some(two));
        // What follows without `=` is the command.
        assert_eq!(record("--syscalls openat").unwrap().command, ["openat"]);
        let refused = record("--no-kernel --syscalls").unwrap_err();
        assert!(refused.contains("cannot be used with"), "{refused}");
    }

    #[test]
    fn helpers_are_known_by_name_and_are_for_a_command() {
        let args = record("--helper libc,functions-fast app").unwrap();
        assert_eq!(args.helper, [Helper::Libc, Helper::FunctionsFast]);
        let told = record("--helper pthreads app").unwrap_err();
        assert!(told.contains("a similar value exists: 'pthread'"), "{told}");
        let told = record("--helper libc").unwrap_err();
        assert!(told.contains("COMMAND"), "{told}");
    }

    #[test]
    fn a_ring_has_one_mode() {
        assert!(record("--overwrite").unwrap().overwrite);
        let waits = |line: &str| record(line).unwrap().blocking.map(|Patience(time)| time);
        assert_eq!(waits(""), None);
        assert_eq!(waits("--blocking"), Some(None));
        assert_eq!(waits("--blocking=inf"), Some(None));
        let time = Duration::from_micros(250);
        assert_eq!(waits("--blocking=250us app"), Some(Some(time)));
        // What follows without `=` is the command.
        assert_eq!(record("--blocking 20ms").unwrap().command, ["20ms"]);
        assert!(record("--no-user --overwrite").unwrap().overwrite);
        let refused = record("--overwrite --blocking").unwrap_err();
        assert!(refused.contains("cannot be used with"), "{refused}");
    }

    #[test]
    fn every_flag_has_a_sentence() {
        use clap::CommandFactory;
        let command = Cli::command();
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "__keeper")
        {
            for arg in sub.get_arguments().filter(|arg| arg.get_id() != "help") {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.len() > 15,
                    "{} {}: {help:?}",
                    sub.get_name(),
                    arg.get_id()
                );
            }
        }
    }
}
