//! What `strace -f -v -y -X verbose -xx` writes: one line a call, or two if another thread's came between.
//!
//! ```text
//!   17 openat(-100 /* AT_FDCWD */<\x2f>, "\x2f\x65", 0x80000 /* O_RDONLY|O_CLOEXEC */) = 3<\x2f\x65>
//!   17 wait4(-1,  <unfinished ...>
//!   17 <... wait4 resumed>NULL, 0, NULL) = -1 ECHILD (No child processes)
//! ```

use std::collections::BTreeMap;

/// A call as strace tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Straced {
    /// The name of its number.
    pub name: String,
    /// The texts between quotes, in their order.
    pub texts: Vec<Vec<u8>>,
    /// The arguments that are plain numbers.
    pub numbers: Vec<i128>,
    /// The files of descriptors, those that are returned at the end.
    pub paths: Vec<Vec<u8>>,
    /// The arguments whose flags have names: the number, and the names.
    pub labels: Vec<(u32, Vec<String>)>,
    /// All that was written between the parentheses.
    pub arguments: String,
    /// What it returned, if it did.
    pub result: Option<i128>,
}

/// All calls by thread, in order.
///
/// # Panics
/// A line is not of strace's form.
#[track_caller]
pub fn straced(text: &str) -> BTreeMap<u32, Vec<Straced>> {
    let mut threads: BTreeMap<u32, Vec<Straced>> = BTreeMap::new();
    let mut open: BTreeMap<u32, String> = BTreeMap::new();
    for line in text.lines() {
        let (tid, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
        let tid = tid.parse().unwrap_or_else(|_| panic!("{line}"));
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(begin) = rest.strip_suffix(" <unfinished ...>") {
            open.insert(tid, begin.to_owned());
            continue;
        }
        let whole = match rest.strip_prefix("<... ") {
            Some(resumed) => {
                let (_, end) = resumed.split_once(" resumed>").unwrap_or_default();
                open.remove(&tid).unwrap_or_default() + end
            }
            None => rest.to_owned(),
        };
        threads.entry(tid).or_default().extend(parse(&whole));
    }
    for (tid, begin) in open {
        threads
            .entry(tid)
            .or_default()
            .extend(parse(&(begin + ") = ?")));
    }
    threads
}

fn parse(call: &str) -> Option<Straced> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let parts = top_level(arguments);
    Some(Straced {
        name: name.to_owned(),
        texts: texts(arguments),
        numbers: parts.iter().filter_map(|a| number(a)).collect(),
        paths: [paths(arguments), paths(result)].concat(),
        labels: parts.iter().filter_map(|a| labels(a)).collect(),
        arguments: arguments.to_owned(),
        result: result_of(result),
    })
}

/// Each `<\x2f…>`, and what is behind it: `(deleted)`.
fn paths(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for part in text.split('<').skip(1) {
        let (path, behind) = part.split_once('>').unwrap_or((part, ""));
        let mut bytes = from_hex(path);
        if behind.starts_with("(deleted)") {
            bytes.extend(b" (deleted)");
        }
        found.push(bytes);
    }
    found
}

/// `0x80000 /* O_RDONLY|O_CLOEXEC */`
fn labels(argument: &str) -> Option<(u32, Vec<String>)> {
    let (value, rest) = argument.split_once(" /* ")?;
    let (names, behind) = rest.split_once(" */")?;
    let is_named = behind.is_empty() && !value.contains(['{', '[', '"']);
    let value = number(value).filter(|_| is_named)?;
    Some((value as u32, names.split('|').map(str::to_owned).collect()))
}

fn from_hex(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .filter_map(|hex| u8::from_str_radix(hex, 16).ok())
        .collect()
}

/// Each `"\x2f…"`.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.map(from_hex).collect()
}

/// The arguments, split at commas that no bracket encloses.
fn top_level(arguments: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let parts = arguments.split(move |c| {
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        c == ',' && depth == 0
    });
    parts.map(str::trim).collect()
}

/// `7`, `-1`, `0x1|17`, `NULL`, `flags=0x11`
fn number(argument: &str) -> Option<i128> {
    if argument.starts_with(['{', '[', '"']) {
        return None;
    }
    let value = argument
        .split_once('=')
        .map_or(argument, |(_, value)| value);
    let value = without_words(value);
    let value = value.split([' ', '<']).next()?;
    let mut all = 0;
    for part in value.split('|') {
        all |= match (part, part.strip_prefix("0x")) {
            ("NULL", _) => 0,
            (_, Some(hex)) => i128::from_str_radix(hex, 16).ok()?,
            // An octal mode.
            (part, None) if part.starts_with('0') => i128::from_str_radix(part, 8).ok()?,
            (part, None) => part.parse().ok()?,
        };
    }
    Some(all)
}

/// Without what stands between ` /*` and `*/`.
fn without_words(text: &str) -> String {
    let mut parts = text.split(" /*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once("*/").map_or("", |(_, behind)| behind)
    })
}

/// `3`, `0x7f…`, `-1 ENOENT (…)`, `? ERESTARTSYS (…)`, `?`
fn result_of(text: &str) -> Option<i128> {
    let mut words = text.split_whitespace();
    match (words.next()?, words.next()) {
        ("-1" | "?", Some(error)) => error_number(error, text).map(|number| -number),
        (value, _) => number(value),
    }
}

fn error_number(name: &str, text: &str) -> Option<i128> {
    const RESTARTS: [(&str, i128); 4] = [
        ("ERESTARTSYS", 512),
        ("ERESTARTNOINTR", 513),
        ("ERESTARTNOHAND", 514),
        ("ERESTART_RESTARTBLOCK", 516),
    ];
    if let Some((_, number)) = RESTARTS.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    let words = text.split_once('(')?.1.strip_suffix(')')?;
    let is_meant = |number: &i32| {
        let error = std::io::Error::from_raw_os_error(*number).to_string();
        error.strip_suffix(&format!(" (os error {number})")) == Some(words)
    };
    (1..134).find(is_meant).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_calls() {
        let text = "7 openat(-100 /* AT_FDCWD */<\\x2f>, \"\\x2f\\x61\", 0x80000 /* O_RDONLY|O_CLOEXEC */) = 3<\\x61>(deleted)\n\
            7 wait4(-1,  <unfinished ...>\n\
            8 clone(child_stack=NULL, flags=0x1200000|17) = 9\n\
            7 <... wait4 resumed>[{x=1, y=2}], 0, NULL) = -1 ECHILD (No child processes)\n\
            7 --- SIGCHLD {} ---\n7 nanosleep({tv_sec=1}, 0x7f) = ? ERESTARTSYS (To be …)\n\
            8 exit_group(0)  = ?\n8 +++ exited with 0 +++\n9 read(0, <unfinished ...>\n";
        let threads = straced(text);
        let seven = &threads[&7];
        assert_eq!(seven[0].texts, [b"/a"]);
        assert_eq!(seven[0].paths, [&b"/"[..], b"a (deleted)"]);
        let flags = ["O_RDONLY", "O_CLOEXEC"].map(str::to_owned).to_vec();
        assert_eq!(seven[0].labels, [(0x80000, flags)]);
        assert_eq!(
            (&seven[0].numbers[..], seven[0].result),
            (&[-100, 0x80000][..], Some(3))
        );
        assert_eq!(
            (&seven[1].numbers[..], seven[1].result),
            (&[-1, 0, 0][..], Some(-10))
        );
        assert_eq!(seven[2].result, Some(-512));
        assert_eq!(threads[&8][0].numbers, [0, 0x120_0011]);
        assert_eq!(
            (threads[&8][1].name.as_str(), threads[&8][1].result),
            ("exit_group", None)
        );
        assert_eq!(
            (threads[&9][0].name.as_str(), threads[&9][0].result),
            ("read", None)
        );
    }
}
