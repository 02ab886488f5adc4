//! What babeltrace2 finds in a trace: the numbers of events, and how many were discarded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thalweg_testkit::{babeltrace2, discarded_events};

/// Whose numbers: the run of the program, and the thread in it.
pub type Source = (u32, u32);

/// What a trace holds.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The numbers of the program's events, as they come.
    pub events: BTreeMap<Source, Vec<u64>>,
    /// The numbers of system calls, by thread.
    pub calls: BTreeMap<u32, Vec<u64>>,
    /// Program events that the trace says were discarded.
    pub discarded: u64,
    /// Kernel events that the trace says were discarded.
    pub kernel_discarded: u64,
}

const THREAD_SHIFT: u32 = 18;
const TAG_SHIFT: u32 = 20;
/// Arguments with a tag from here on are higher than any process id.
const FIRST_TAG: u64 = 8;
const TAGS: u64 = 1 << (31 - TAG_SHIFT);

/// Tells the calls of a world from those of others that run at the same time.
pub fn tag(random: u64) -> u64 {
    FIRST_TAG + random % (TAGS - FIRST_TAG)
}

/// A system call's argument: the world, the thread and the number.
pub fn call_number(tag: u64, thread: usize, number: u64) -> i32 {
    let low = number & ((1 << THREAD_SHIFT) - 1);
    (tag << TAG_SHIFT | (thread as u64 & 3) << THREAD_SHIFT | low) as i32
}

impl Seen {
    /// Reads what is there of a trace; `Err`: what babeltrace2 complains about.
    ///
    /// Of the kernel's part only the calls with this tag.
    pub fn read(trace: &Path, tag: u64) -> Result<Self, String> {
        let mut seen = Self::default();
        for folder in folders(trace) {
            let (text, discarded) = convert(&folder)?;
            if folder.ends_with("kernel") {
                seen.kernel_discarded += discarded;
            } else {
                seen.discarded += discarded;
            }
            text.lines().try_for_each(|line| seen.note(line, tag))?;
        }
        Ok(seen)
    }

    fn note(&mut self, line: &str, tag: u64) -> Result<(), String> {
        let failed = || format!("not understood: {line}");
        if line.contains(" busy:tick: ") {
            let [run, thread, number] = ["run", "thread", "number"].map(|name| field(line, name));
            let source = (
                run.ok_or_else(failed)? as u32,
                thread.ok_or_else(failed)? as u32,
            );
            let numbers = self.events.entry(source).or_default();
            numbers.push(number.ok_or_else(failed)?);
        } else if line.contains(" syscall_entry_getpgid: ") {
            let argument = field(line, "pid").ok_or_else(failed)?;
            if argument >> TAG_SHIFT == tag {
                let thread = (argument >> THREAD_SHIFT) & 3;
                let number = argument & ((1 << THREAD_SHIFT) - 1);
                self.calls.entry(thread as u32).or_default().push(number);
            }
        }
        Ok(())
    }

    /// Adds what another trace holds.
    pub fn merge(&mut self, other: Self) {
        for (source, numbers) in other.events {
            self.events.entry(source).or_default().extend(numbers);
        }
        for (thread, numbers) in other.calls {
            self.calls.entry(thread).or_default().extend(numbers);
        }
        self.discarded += other.discarded;
        self.kernel_discarded += other.kernel_discarded;
    }

    /// How many events of a source there are.
    pub fn count(&self, source: Source) -> u64 {
        self.events
            .get(&source)
            .map_or(0, |numbers| numbers.len() as u64)
    }
}

/// The parts of a trace that have metadata: without it there is nothing to read.
fn folders(trace: &Path) -> Vec<PathBuf> {
    let users = std::fs::read_dir(trace.join("ust/uid"))
        .into_iter()
        .flatten()
        .flatten();
    let programs = users.map(|user| user.path().join("64-bit"));
    programs
        .chain([trace.join("kernel")])
        .filter(|folder| folder.join("metadata").is_file())
        .collect()
}

fn convert(folder: &Path) -> Result<(String, u64), String> {
    let ran = babeltrace2(folder);
    let complaint = |line: &str| format!("babeltrace2 {}: {line}", folder.display());
    let discarded = discarded_events(&ran.stderr).map_err(|line| complaint(&line))?;
    if ran.success {
        Ok((ran.stdout, discarded))
    } else {
        Err(complaint(&format!("failed: {}", ran.stderr)))
    }
}

fn field(line: &str, name: &str) -> Option<u64> {
    let (_, payload) = line.rsplit_once("{ ")?;
    let value = payload
        .split(", ")
        .find_map(|field| field.strip_prefix(name)?.strip_prefix(" = "))?;
    value.trim_end_matches(" }").parse().ok()
}

/// Numbers in order, none twice: those of 1 to `last` that are missing.
pub fn missing(numbers: &[u64], last: u64) -> Result<Vec<u64>, String> {
    let rises = numbers.windows(2).all(|pair| pair[0] < pair[1]);
    if !rises {
        let at = numbers.windows(2).find(|pair| pair[0] >= pair[1]);
        return Err(format!("numbers do not rise: {at:?}"));
    }
    let mut numbers = numbers.iter().copied().peekable();
    let is_missing = |expected: &u64| numbers.next_if_eq(expected).is_none();
    Ok((1..=last).filter(is_missing).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_names() {
        let line = "[1] (+2) vm busy:tick: { vpid = 5, vtid = 6, procname = \"busy\" }, \
                    { cpu_id = 0 }, { run = 1, thread = 2, number = 30 }";
        assert_eq!(
            ["run", "thread", "number"].map(|n| field(line, n)),
            [Some(1), Some(2), Some(30)]
        );
    }

    #[test]
    fn missing_numbers_are_counted_and_repeated_ones_refused() {
        assert_eq!(missing(&[1, 2, 5, 6], 5), Ok(vec![3, 4]));
        assert!(missing(&[1, 2, 2], 5).is_err());
    }
}
