//! What the guest did, and what its traces tell.
//!
//! ```text
//!   NAME/          a trace, read by babeltrace2
//!   NAME.exact     its events: name and own fields, in order, and no others
//!   NAME.within    texts that are in its events, in order
//!   NAME.said      what the recorder said; it must have lost nothing
//!   NAME.expected  what `watch` counts, in NAME.counted, however wide its columns are
//!   before, after  the settings of tracefs: the same
//!   wrong          what the guest itself found wrong: nothing
//!   lacks          what the kernel lacks, each with the reason: exactly what it is known to lack
//! ```

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Compares everything, and tells all differences; `lacks` is what the kernel is known to lack.
pub(super) fn judge(folder: &Path, lacks: &[&str]) -> Result<()> {
    let mut files: Vec<_> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for file in files {
        let kind = file.extension().and_then(|kind| kind.to_str());
        let compared = match kind {
            Some("expected") => counted(&file),
            Some(kind @ ("exact" | "within")) => compare(&file, kind == "exact"),
            _ => continue,
        };
        judged += 1;
        if let Err(why) = compared {
            wrong.push(format!("{}: {why:#}", file.display()));
        }
    }
    ensure!(judged > 0, "the guest recorded nothing");
    wrong.extend(settings(folder)?);
    let found = fs::read_to_string(folder.join("wrong")).context("read what the guest found")?;
    wrong.extend(found.lines().map(str::to_owned));
    wrong.extend(lacking(folder, lacks));
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{judged} traces of the guest tell what it did");
    Ok(())
}

/// Whether a table of `watch` has what was done, and nothing was left out of it.
fn counted(file: &Path) -> Result<()> {
    let expected = fs::read_to_string(file).context("read what the guest did")?;
    let said = fs::read_to_string(file.with_extension("said")).context("read what was said")?;
    ensure!(
        said.contains("counted ") && !said.contains("not counted"),
        "it said: {said}"
    );
    let found = fs::read_to_string(file.with_extension("counted")).context("read a table")?;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let found: Vec<String> = found.lines().map(words).collect();
    ensure!(
        found.iter().eq(expected.lines()),
        "expected {expected:?}, found {found:?}"
    );
    Ok(())
}

fn compare(file: &Path, is_exact: bool) -> Result<()> {
    let expected = fs::read_to_string(file).context("read what the guest did")?;
    let said = fs::read_to_string(file.with_extension("said")).context("read what was said")?;
    ensure!(
        said.contains("recorded ") && !said.contains("discarded"),
        "it said: {said}"
    );
    let text = babeltrace2(&file.with_extension("")).with_context(|| format!("it said: {said}"))?;
    let strangers = strangers(&text);
    ensure!(
        strangers.is_empty(),
        "returns to others than the callers: {strangers:?}"
    );
    let expected: Vec<&str> = expected.lines().collect();
    ensure!(!expected.is_empty(), "the guest did nothing");
    if !is_exact {
        let mut events = text.lines();
        for part in &expected {
            ensure!(
                events.any(|event| event.contains(part)),
                "no `{part}` in its place"
            );
        }
        return Ok(());
    }
    let found: Vec<String> = text.lines().filter_map(own_fields).collect();
    let differ = expected
        .iter()
        .zip(&found)
        .find(|(one, other)| **one != other.as_str());
    ensure!(differ.is_none(), "expected and found differ: {differ:?}");
    let counts = (found.len(), expected.len());
    ensure!(
        counts.0 == counts.1,
        "{} events, not {}",
        counts.0,
        counts.1
    );
    Ok(())
}

/// The text of a trace, which must be read without a word of warning.
fn babeltrace2(trace: &Path) -> Result<String> {
    let ran = Command::new("babeltrace2").arg(trace).output();
    let ran = ran.context("run babeltrace2")?;
    let words = String::from_utf8_lossy(&ran.stderr);
    ensure!(
        ran.status.success() && words.is_empty(),
        "babeltrace2: {words}"
    );
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// Returns of a function's (`NAME_exit`) that do not go where the call before (`NAME_entry`) came from.
fn strangers(text: &str) -> Vec<&str> {
    let caller = |line: &str| {
        let (_, rest) = line.split_once("parent_ip = ")?;
        Some(rest.split(',').next()?.to_owned())
    };
    let mut last = None;
    let mut strangers = Vec::new();
    for line in text.lines() {
        if line.contains("_entry: ") {
            last = caller(line);
        } else if line.contains("_exit: ") && last.is_some() && caller(line) != last {
            strangers.push(line);
        }
    }
    strangers
}

/// `NAME FIELDS` of a probe's event, without the fields that every probe has.
fn own_fields(line: &str) -> Option<String> {
    let (head, fields) = line.split_once(": { cpu_id = ")?;
    let (_, fields) = fields.split_once("tid = ")?;
    let fields = fields.trim_end_matches(" }");
    let own = fields.split_once(", ").map_or("", |(_, own)| own);
    let name = head.rsplit(' ').next()?;
    Some(format!("{name} {own}").trim_end().to_owned())
}

/// Says what the kernel lacks; what of it is not known, or is there against what is known.
fn lacking(folder: &Path, known: &[&str]) -> Vec<String> {
    let text = fs::read_to_string(folder.join("lacks")).unwrap_or_default();
    for line in text.lines() {
        println!("this kernel lacks {line}");
    }
    let found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let unknown = found.iter().filter(|name| !known.contains(name));
    let unknown = unknown.map(|name| format!("the guest lacks {name}, which this kernel has"));
    let gone = known.iter().filter(|name| !found.contains(name));
    let gone = gone.map(|name| format!("{name} is there: this kernel is said to lack it"));
    unknown.chain(gone).collect()
}

/// Settings that the guest found changed.
fn settings(folder: &Path) -> Result<Vec<String>> {
    let read = |name| fs::read_to_string(folder.join(name)).context("read tracefs's settings");
    let (before, after) = (read("before")?, read("after")?);
    ensure!(
        before.lines().count() > 1000,
        "the guest has read no settings"
    );
    let changed = after
        .lines()
        .filter(|line| !before.lines().any(|old| old == *line));
    Ok(changed
        .map(|line| format!("a setting of tracefs has changed: {line}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_that_does_not_go_to_its_caller_is_found() {
        let text = "f_entry: { parent_ip = 0x1, tid = 2 }\nf_exit: { parent_ip = 0x1, tid = 2 }\n";
        assert!(strangers(text).is_empty());
        let wrong = text.replacen("0x1", "0x3", 1);
        assert_eq!(strangers(&wrong), [text.lines().nth(1).unwrap()]);
    }

    #[test]
    fn a_probe_s_own_fields_are_what_the_guest_can_know() {
        let line = "[05:22:09.9] (+0.1) vm app:work: { cpu_id = 0 }, { ip = 0x56, tid = 8, n = 0, s = \"a\" }";
        assert_eq!(
            own_fields(line).as_deref(),
            Some("app:work n = 0, s = \"a\"")
        );
        let bare = "[05:22:09.9] (+0.1) vm app:work: { cpu_id = 0 }, { ip = 0x56, tid = 8 }";
        assert_eq!(own_fields(bare).as_deref(), Some("app:work"));
        assert_eq!(
            own_fields("[05:22] (+0.1) vm sched_switch: { cpu_id = 0 }, { prio = 1 }"),
            None
        );
    }
}
