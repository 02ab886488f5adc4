//! A trace as babeltrace2 prints it, and what a ledger has to say of it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use thalweg_reader::Reader;
use thalweg_reader::text::{Options, Printer, Style};
use thalweg_testkit::{discarded_events, finish};

use crate::ledger::Ledger;
use crate::tally::Tally;

/// What our own reader prints of the traces below `dir`.
#[track_caller]
pub fn our_text(dir: &Path) -> String {
    let mut reader = Reader::open(&[dir]).expect("our reader opens what our recorder wrote");
    let mut printer = Printer::new(reader.traces(), Options::new(Style::Gmt));
    let mut out = Vec::new();
    while let Some(item) = reader.next() {
        let item = item.unwrap_or_else(|error| panic!("our reader: {error}"));
        printer.write(&mut out, &item);
    }
    // As with babeltrace2's: texts need not be UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// The members of a trace's event context: their names and classes, as our reader has them.
#[track_caller]
pub fn declared_contexts(dir: &Path) -> Vec<(String, String)> {
    let reader = Reader::open(&[dir]).expect("our reader opens it");
    let class = reader.traces()[0].class();
    let context = class.streams[0].event_context.clone();
    let members = context.expect("events have contexts").members;
    let text = members
        .into_iter()
        .map(|m| (m.name, format!("{:?}", m.class)));
    text.collect()
}

/// What babeltrace2 printed.
///
/// The events of state dumps are the collector's own, and no program has counted them: they are kept
/// apart.
#[derive(Debug)]
pub struct Trace {
    text: String,
    dump: String,
    discarded: u64,
}

/// What the names of a state dump's events begin with.
const DUMP: &str = "lttng_ust_statedump:";

/// One line: one event.
#[derive(Clone, Copy, Debug)]
pub struct Event<'t> {
    /// Its time in the clock's cycles.
    pub time: u64,
    /// Its name.
    pub name: &'t str,
    /// All behind the name: contexts, fields.
    pub rest: &'t str,
}

impl Trace {
    /// Reads all traces below `dir`; babeltrace2 may only complain of discarded events.
    #[track_caller]
    pub fn read(dir: &Path) -> Self {
        let mut command = Command::new("babeltrace2");
        command.arg("--clock-cycles").arg(dir);
        Self::of("babeltrace2", &mut command)
    }

    /// What there is of a trace that is being written; `None` if it was there only in part:
    /// babeltrace2 reads the metadata first, and what is declared later it does not know.
    pub fn peek(dir: &Path) -> Option<Self> {
        let ran = thalweg_testkit::run("babeltrace2", ["--clock-cycles".as_ref(), dir.as_os_str()]);
        ran.success.then(|| Self::parse(&ran.stdout, 0))
    }

    /// Like [`read`](Self::read), under a limit of open files.
    #[track_caller]
    pub fn read_with_few_files(dir: &Path, files: u32) -> Self {
        let script = format!("ulimit -n {files} && exec babeltrace2 --clock-cycles \"$0\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(dir);
        Self::of("sh", &mut command)
    }

    #[track_caller]
    fn of(program: &str, command: &mut Command) -> Self {
        let ran = finish(program, command);
        assert!(ran.success, "babeltrace2 failed:\n{}", ran.stderr);
        let discarded = discarded_events(&ran.stderr);
        let discarded = discarded.unwrap_or_else(|said| panic!("babeltrace2 said: {said}"));
        Self::parse(&ran.stdout, discarded)
    }

    /// Reads traces that are too large to be kept: each event of a program, in order. How many are
    /// missing, as babeltrace2 says.
    #[track_caller]
    pub fn stream(dir: &Path, mut take: impl FnMut(Event<'_>)) -> u64 {
        let mut command = Command::new("babeltrace2");
        command.arg("--clock-cycles").arg(dir).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("babeltrace2 is installed");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut stderr = child.stderr.take().expect("it is piped");
        let said = std::thread::spawn(move || {
            let mut said = String::new();
            stderr.read_to_string(&mut said).map(|_| said)
        });
        let mut line = String::new();
        while stdout.read_line(&mut line).expect("it writes text") > 0 {
            let event = Event::parse(line.trim_end());
            if !event.name.starts_with(DUMP) {
                take(event);
            }
            line.clear();
        }
        let said = said.join().expect("reading does not panic");
        let said = said.expect("it writes text");
        let status = child.wait().expect("it is our child");
        assert!(status.success(), "babeltrace2 failed:\n{said}");
        discarded_events(&said).unwrap_or_else(|said| panic!("babeltrace2 said: {said}"))
    }

    fn parse(stdout: &str, discarded: u64) -> Self {
        let mut trace = Self {
            text: String::new(),
            dump: String::new(),
            discarded,
        };
        for line in stdout.lines() {
            let of_dump = Event::parse(line).name.starts_with(DUMP);
            let text = match of_dump {
                true => &mut trace.dump,
                false => &mut trace.text,
            };
            text.push_str(line);
            text.push('\n');
        }
        trace
    }

    /// How many events of state dumps there are.
    pub fn dumped(&self) -> u64 {
        self.dump.lines().count() as u64
    }

    /// The events of state dumps.
    pub fn dump(&self) -> impl Iterator<Item = Event<'_>> {
        self.dump.lines().map(Event::parse)
    }

    /// How many events are missing, as babeltrace2 says.
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    /// How many events of programs and of the kernel there are.
    pub fn len(&self) -> u64 {
        self.text.bytes().filter(|&byte| byte == b'\n').count() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The events of one process.
    #[must_use]
    pub fn of_process(&self, pid: u32) -> Self {
        let is_of = |line: &&str| line.contains(&format!(" vpid = {pid},"));
        let text = self.text.lines().filter(is_of);
        Self {
            text: text.map(|line| format!("{line}\n")).collect(),
            dump: String::new(),
            discarded: 0,
        }
    }

    /// The events in babeltrace2's order.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        self.text.lines().map(Event::parse)
    }

    /// Compares with what happened, see [`Tally`].
    #[track_caller]
    pub fn missing(&self, ledger: &Ledger) -> BTreeMap<u32, u64> {
        let mut tally = Tally::default();
        self.events().for_each(|event| tally.take(&event, ledger));
        tally.missing(ledger)
    }
}

impl<'t> Event<'t> {
    fn parse(line: &'t str) -> Self {
        let parse = || {
            let (time, rest) = line.strip_prefix('[')?.split_once("] (")?;
            let (_, rest) = rest.split_once(") ")?;
            // The host's name stands before the event's; a kernel's trace has it, too.
            let (_, rest) = rest.split_once(' ')?;
            let (name, rest) = rest.split_once(": { ")?;
            let time = time.parse().ok()?;
            Some(Event { time, name, rest })
        };
        parse().unwrap_or_else(|| panic!("babeltrace2 printed {line:?}"))
    }

    /// The text of a field or context.
    pub fn find_field(&self, name: &str) -> Option<&'t str> {
        let mut rest = self.rest;
        loop {
            let at = rest.find(name)?;
            let (before, found) = rest.split_at(at);
            let behind = &found[name.len()..];
            let begins = before.is_empty() || before.ends_with(' ');
            if begins && let Some(value) = behind.strip_prefix(" = ") {
                return Some(value);
            }
            rest = behind;
        }
    }

    /// The value of an integer, in whichever base it is shown.
    #[track_caller]
    pub fn number(&self, name: &str) -> u64 {
        let value = self.find_field(name).unwrap_or_default();
        let end = value.find([',', ' ']).unwrap_or(value.len());
        let number = match value[..end].strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => value[..end].parse(),
        };
        number.unwrap_or_else(|_| panic!("no number {name} in {self:?}"))
    }

    /// The process and the thread that emitted it.
    #[track_caller]
    pub fn thread(&self) -> (u32, u32) {
        (self.number("vpid") as u32, self.number("vtid") as u32)
    }
}
