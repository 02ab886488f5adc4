//! The recorder as a process: started, stopped, killed, and asked what it recorded.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Stdio};
use thalweg_testkit::{Guarded, SpawnGuarded as _};

use crate::trace::Trace;
use crate::world::World;

/// What a recorder is asked for.
pub struct Options<'w> {
    world: &'w World,
    output: PathBuf,
    args: Vec<String>,
    within: Vec<String>,
}

impl<'w> Options<'w> {
    pub(crate) fn new(world: &'w World, output: PathBuf) -> Self {
        Self {
            world,
            output,
            args: Vec::new(),
            within: Vec::new(),
        }
    }

    fn with(mut self, option: &str, value: &str) -> Self {
        self.args.extend([option.to_owned(), value.to_owned()]);
        self
    }

    /// The most ring memory of all programs together.
    #[must_use]
    pub fn limit_bytes(self, bytes: u64) -> Self {
        self.with("--limit", &bytes.to_string())
    }

    /// What programs' threads do that find no room: `discard`, `overwrite`, `block`, or milliseconds.
    #[must_use]
    pub fn mode(self, mode: &str) -> Self {
        self.with("--mode", mode)
    }

    /// Records kernel events that match a pattern, too.
    #[must_use]
    pub fn kernel(self, pattern: &str) -> Self {
        self.with("--kernel", pattern)
    }

    /// Records system calls with payload: those of this name, or all.
    #[must_use]
    pub fn syscalls(self, name: &str) -> Self {
        self.with("--syscalls", name)
    }

    /// So many bytes of what system calls move.
    #[must_use]
    pub fn syscall_data(self, bytes: u16) -> Self {
        self.with("--syscall-data", &bytes.to_string())
    }

    /// The file of each descriptor in system calls.
    #[must_use]
    pub fn fd_paths(self) -> Self {
        self.with("--fd-paths", "yes")
    }

    /// Records what this process does, and what it starts, of the kernel.
    #[must_use]
    pub fn track(self, process: u32) -> Self {
        self.with("--track", &process.to_string())
    }

    /// The kernel's rings have this size, each.
    #[must_use]
    pub fn kernel_buffer_kib(self, kib: u32) -> Self {
        self.with("--kernel-buffer", &kib.to_string())
    }

    /// Takes only the events of this level and more severe ones.
    #[must_use]
    pub fn at_least(self, level: u8) -> Self {
        self.with("--at-least", &level.to_string())
    }

    /// Leaves events out whose names match.
    #[must_use]
    pub fn exclude(self, pattern: &str) -> Self {
        self.with("--exclude", pattern)
    }

    /// Takes only the events that pass a filter.
    #[must_use]
    pub fn filter(self, filter: &str) -> Self {
        self.with("--filter", filter)
    }

    /// Records only events of programs that match a pattern.
    #[must_use]
    pub fn user(self, pattern: &str) -> Self {
        self.with("--user", pattern)
    }

    /// Each event says this of its thread.
    #[must_use]
    pub fn context(self, name: &str) -> Self {
        self.with("--context", name)
    }

    /// Each event says all of this.
    #[must_use]
    pub fn contexts(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |options, name| options.context(name))
    }

    /// With a keeper.
    #[must_use]
    pub fn keeper(self) -> Self {
        self.with("--keeper", "yes")
    }

    /// Runs it inside of this command, which must end when it does.
    #[must_use]
    pub fn within(mut self, command: &[&str]) -> Self {
        self.within = command.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts it; it is recording when this returns.
    #[track_caller]
    pub fn start(self) -> Recorder {
        let mut command = self.world.command_within(&self.within, "recorder");
        command.arg(&self.output).args(&self.args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn_guarded().expect("cargo builds the recorder");
        let stdin = child.stdin.take().expect("it is piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout
            .read_line(&mut line)
            .expect("the recorder writes text");
        assert_eq!(line, "ready\n", "the recorder did not start");
        Recorder {
            child,
            stdin: Some(stdin),
            stdout,
            output: self.output,
        }
    }
}

/// A recorder that runs. It is killed with the value.
pub struct Recorder {
    child: Guarded,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    output: PathBuf,
}

impl Recorder {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where the trace is.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Has it do something while it records; what it answers.
    #[track_caller]
    pub fn order(&mut self, order: &str) -> String {
        let line = self.try_order(order);
        let answer = line
            .strip_prefix("done")
            .unwrap_or_else(|| panic!("{line}"));
        answer.trim().to_owned()
    }

    /// The same; the line that it answers, whatever it is.
    #[track_caller]
    pub fn try_order(&mut self, order: &str) -> String {
        let stdin = self.stdin.as_mut().expect("it is open until the end");
        stdin
            .write_all(format!("{order}\n").as_bytes())
            .expect("the recorder reads");
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line);
        read.expect("the recorder writes text");
        line
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a process has a number");
        kill_process(pid, signal).expect("it is our child");
    }

    /// Stops it as a debugger would.
    #[track_caller]
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.child.id());
        crate::world::wait_until("the recorder to stop", || {
            let stat = std::fs::read_to_string(&stat).unwrap_or_default();
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('T'))
        });
    }

    /// Lets it go on.
    #[track_caller]
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Kills it, and waits until it is gone.
    #[track_caller]
    pub fn kill(mut self) -> PathBuf {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
        std::mem::take(&mut self.output)
    }

    /// Ends the recording.
    #[track_caller]
    pub fn finish(mut self) -> Report {
        drop(self.stdin.take());
        let mut text = String::new();
        let read = self.stdout.read_to_string(&mut text);
        read.expect("the recorder writes text");
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "the recorder: {status}\n{text}");
        Report::parse(&text, self.output.clone())
    }
}

/// What a recorder said at its end.
#[derive(Debug)]
pub struct Report {
    /// Where the trace is.
    pub output: PathBuf,
    /// Events on disk, by source; those of state dumps are kept apart.
    pub sources: BTreeMap<String, u64>,
    /// Events of state dumps on disk: the collector's, not the programs'.
    pub dumped: u64,
    /// Events lost, by the name of the cause.
    pub lost: BTreeMap<String, u64>,
    /// What a user should know.
    pub notes: Vec<String>,
    /// The most memory that the recorder had in use, rings included.
    pub peak_kib: u64,
}

impl Report {
    fn parse(text: &str, output: PathBuf) -> Self {
        let mut report = Self {
            output,
            sources: BTreeMap::new(),
            dumped: 0,
            lost: BTreeMap::new(),
            notes: Vec::new(),
            peak_kib: 0,
        };
        let number = |text: &str| text.parse::<u64>().expect("the recorder writes numbers");
        for line in text.lines() {
            match line.splitn(3, '\t').collect::<Vec<_>>()[..] {
                ["source", events, "state dump"] => report.dumped = number(events),
                ["source", events, name] => {
                    *report.sources.entry(name.to_owned()).or_default() += number(events);
                }
                ["lost", count, cause] => {
                    *report.lost.entry(cause.to_owned()).or_default() += number(count);
                }
                ["note", _, note] => report.notes.push(note.to_owned()),
                ["peak", kib, _] => report.peak_kib = number(kib),
                _ => panic!("the recorder wrote {line:?}"),
            }
        }
        report
    }

    /// Events on disk.
    pub fn recorded(&self) -> u64 {
        self.sources.values().sum()
    }

    /// Events lost.
    pub fn lost(&self) -> u64 {
        self.lost.values().sum()
    }

    /// Events lost for one cause.
    pub fn lost_to(&self, cause: &str) -> u64 {
        self.lost.get(cause).copied().unwrap_or(0)
    }

    /// Our own reader prints what babeltrace2 prints.
    #[track_caller]
    pub fn check_our_reader(&self) {
        let ours = crate::trace::our_text(&self.output);
        let theirs = thalweg_testkit::babeltrace2(&self.output).stdout;
        let differ = |(ours, theirs): &(&str, &str)| ours != theirs;
        let first = ours.lines().zip(theirs.lines()).find(differ);
        assert_eq!(
            first, None,
            "the first line in which (ours, babeltrace2's) differ"
        );
        assert_eq!(ours.lines().count(), theirs.lines().count(), "lines");
    }

    /// The trace as babeltrace2 reads it; it must say of losses what the recorder said.
    #[track_caller]
    pub fn trace(&self) -> Trace {
        let trace = Trace::read(&self.output);
        let counted = trace.len();
        let told = (trace.discarded(), counted, trace.dumped());
        let said = (self.lost(), self.recorded(), self.dumped);
        assert_eq!(
            told, said,
            "babeltrace2's (discarded, events, dumped), and the recorder's: {self:?}"
        );
        trace
    }
}
