//! What strace and we tell of the same calls, side by side.
//!
//! What may differ is here, with its reason; everything else is a difference:
//!
//! | what | why |
//! |---|---|
//! | a call's name | strace has the table's, we the kernel's function's: `stat` is `newstat` |
//! | numbers are compared by their low half | an `int` is as wide as its register to some |
//! | texts that strace has and we have not | what is in structures that neither LTTng nor we tell |
//! | members of structures that are no plain numbers | strace has words for them |
//! | labels of bits that only one of both names | strace has newer headers, and its own words |
//! | data, and the environment of a new program, may be cut | they have a limit |
//! | `FUTEX_WAIT_PRIVATE` | strace has one word for the operation and `FUTEX_PRIVATE_FLAG` |
//! | the file of a descriptor that is not there | we say so, strace says nothing |

use std::collections::BTreeMap;

use crate::{Call, Straced};

/// States of a copy: null, and none because the call failed or there is no such descriptor.
const EMPTY: [u64; 2] = [2, 4];
const CUT: u64 = 1;
/// Copies that have a limit which real calls reach.
const BOUNDED: [&str; 2] = ["_data_copy", "envp_copy"];

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Calls.
    pub calls: usize,
    /// Texts.
    pub texts: usize,
    /// Paths of descriptors.
    pub paths: usize,
    /// Bytes of what was moved.
    pub data_bytes: usize,
    /// Arguments whose flags have names.
    pub labels: usize,
    /// Numbers in lists of structures.
    pub nested: usize,
    /// Members of structures.
    pub members: usize,
}

impl Compared {
    fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.texts += call.texts.len();
        self.paths += paths(call).count();
        self.data_bytes += call.data.iter().map(|(_, data)| data.len()).sum::<usize>();
        self.labels += call.labels.len();
        self.nested += call.nested.len();
        self.members += call.members.len();
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            texts: self.texts + other.texts,
            paths: self.paths + other.paths,
            data_bytes: self.data_bytes + other.data_bytes,
            labels: self.labels + other.labels,
            nested: self.nested + other.nested,
            members: self.members + other.members,
        }
    }
}

/// Compares the calls of each thread that strace has followed.
pub fn beside(
    theirs: &BTreeMap<u32, Vec<Straced>>,
    ours: &BTreeMap<u32, Vec<Call>>,
    wrong: &mut Vec<String>,
) -> Compared {
    let mut compared = Compared::default();
    for (tid, theirs) in theirs {
        let ours = ours.get(tid).map_or(&[][..], Vec::as_slice);
        // What strace's own child does before it becomes the program, strace does not show.
        let first = match theirs[0].name.as_str() {
            "execve" => ours.iter().position(|call| call.name == "execve"),
            _ => Some(0),
        };
        let ours = &ours[first.unwrap_or(ours.len())..];
        for (place, straced) in theirs.iter().enumerate() {
            let Some(call) = ours.get(place).filter(|c| is_same(&straced.name, &c.name)) else {
                let found = ours.get(place).map(|call| call.name.as_str());
                wrong.push(format!("thread {tid}: {} is {found:?}", straced.name));
                break;
            };
            let all = differences(straced, call).into_iter();
            wrong.extend(all.map(|d| format!("{d}: {}({})", straced.name, straced.arguments)));
            compared.add(call);
        }
        let more = ours.len().saturating_sub(theirs.len());
        if more > 0 {
            wrong.push(format!("thread {tid}: {more} calls that strace has not"));
        }
    }
    compared
}

/// Names that strace has and the kernel's function has not.
fn is_same(strace: &str, kernel: &str) -> bool {
    let names = [
        strace.to_owned(),
        format!("new{strace}"),
        format!("{strace}64"),
        strace.trim_end_matches('2').to_owned(),
    ];
    names.iter().any(|name| name == kernel) || strace.starts_with("syscall_") && kernel == "unknown"
}

/// What two tell differently of one call.
fn differences(theirs: &Straced, ours: &Call) -> Vec<String> {
    let mut all = Vec::new();
    if theirs.result.is_some() && theirs.result.map(low) != ours.result.map(low) {
        all.push(format!("result {:?}, not {:?}", ours.result, theirs.result));
    }
    all.extend(texts(theirs, ours));
    for number in &theirs.numbers {
        let is_there = |(_, ours): &(String, i128)| low(*ours) == low(*number);
        if !ours.numbers.iter().any(is_there) {
            all.push(format!("number {number}"));
        }
    }
    all.extend(address(theirs, ours));
    all.extend(data(theirs, ours));
    all.extend(lists(theirs, ours));
    if !ours.incomplete.iter().any(|(_, state)| *state != 0) {
        all.extend(members(theirs, ours));
    }
    all.extend(labels(theirs, ours));
    for (name, path) in paths(ours) {
        if !theirs.paths.contains(path) && !is_unknown(ours, name) {
            all.push(format!("{name} {:?}", String::from_utf8_lossy(path)));
        }
    }
    for (name, state) in &ours.incomplete {
        let is_bounded = BOUNDED.iter().any(|end| name.ends_with(end)) && *state == CUT;
        if !EMPTY.contains(state) && !is_bounded {
            all.push(format!("{name} {state}"));
        }
    }
    all
}

fn paths(call: &Call) -> impl Iterator<Item = (&str, &Vec<u8>)> {
    let texts = call.texts.iter();
    texts
        .filter(|(name, path)| is_path(name) && !path.is_empty())
        .map(|(name, path)| (name.as_str(), path))
}

/// The field is the path of a descriptor.
fn is_path(name: &str) -> bool {
    name.ends_with("_path") && name != "sun_path"
}

fn is_unknown(call: &Call, name: &str) -> bool {
    let is_of = |(copy, _): &(String, u64)| copy.strip_suffix("_copy") == Some(name);
    call.incomplete.iter().any(is_of)
}

/// Our texts are theirs, in their order; some exits tell a text of the entry again.
fn texts(theirs: &Straced, ours: &Call) -> Vec<String> {
    let (mut wrong, mut told) = (Vec::new(), Vec::new());
    let mut rest = theirs.texts.iter();
    let is_told = |(name, text): &&(String, Vec<u8>)| !text.is_empty() && !is_path(name);
    for (name, text) in ours.texts.iter().filter(is_told) {
        let plain = text.strip_prefix(b"@").filter(|_| name == "sun_path");
        let is_again = told.contains(&(name, text)) && !name.ends_with("_strings");
        if !is_again && !rest.any(|theirs| theirs == text || Some(&theirs[..]) == plain) {
            wrong.push(format!("text {name} {:?}", String::from_utf8_lossy(text)));
        }
        told.push((name, text));
    }
    wrong
}

/// An `int` is as wide as its register to some, and to others not.
fn low(number: i128) -> u32 {
    number as u32
}

fn address(theirs: &Straced, ours: &Call) -> Option<String> {
    let (_, port) = theirs.arguments.split_once("port=htons(")?;
    let port: i128 = port.split_once(')')?.0.parse().ok()?;
    let family = match theirs.arguments.contains("sin6_") {
        true => 10,
        false => 2,
    };
    let ports = [ours.list("dport"), ours.list("sport"), ours.list("port")].concat();
    let told = (ours.list("family"), ports);
    let quads: Vec<String> = ours.list("v4addr").iter().map(i128::to_string).collect();
    let quads = quads.join(".");
    let is_there = family == 10 || theirs.texts.iter().any(|text| text == quads.as_bytes());
    let is_same = told == (vec![family], vec![port]) && is_there;
    (!is_same).then(|| format!("address {told:?} {quads:?} of {}", theirs.arguments))
}

/// What was moved is the beginning of what strace has: of a text, or of the vectors' texts together.
fn data(theirs: &Straced, ours: &Call) -> Option<String> {
    let (name, data) = ours.data.iter().find(|(_, data)| !data.is_empty())?;
    let (mut together, mut rest) = (Vec::new(), theirs.texts.iter());
    let is_there = |text: &[u8]| text.starts_with(data);
    let is_same = theirs.texts.iter().any(|text| is_there(text)) || {
        // Vectors' texts stand behind one another, an address before them.
        while let Some(text) = rest.next() {
            together = [vec![text.clone()], rest.clone().cloned().collect()].concat();
            if is_there(&together.concat()) {
                break;
            }
        }
        is_there(&together.concat())
    };
    (!is_same).then(|| format!("{name} {:?}", String::from_utf8_lossy(data)))
}

/// Lengths of vectors, and descriptors of sets, are those that strace shows.
fn lists(theirs: &Straced, ours: &Call) -> Vec<String> {
    let mut wrong = Vec::new();
    for (field, mark) in [("iov_len", "iov_len="), ("fd", "{fd=")] {
        if !theirs.arguments.contains(mark) {
            continue;
        }
        let shown: Vec<i128> = theirs
            .arguments
            .split(mark)
            .skip(1)
            .filter_map(leading)
            .collect();
        let is_told = |(name, value): &(String, i128)| name == field && !shown.contains(value);
        let more = ours.nested.iter().filter(|told| is_told(told));
        wrong.extend(more.map(|(name, value)| format!("{name} {value}, not of {shown:?}")));
        if ours.nested.iter().all(|(name, _)| name != field) && field == "iov_len" {
            wrong.push(format!("no {field}"));
        }
    }
    wrong
}

/// The members of structures that strace shows as numbers; it leaves out a `sa_restorer` that is none.
fn members(theirs: &Straced, ours: &Call) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, value) in &ours.members {
        let mark = format!("{name}=");
        let shown = theirs.arguments.match_indices(&mark);
        let is_whole = |at: usize| theirs.arguments[..at].ends_with(['{', ' ']);
        let shown = shown.filter(|(at, _)| is_whole(*at));
        let shown: Vec<Option<i128>> = shown
            .map(|(at, _)| written(&theirs.arguments[at + mark.len()..]))
            .collect();
        // What it shows in other words is not compared.
        let is_told = name != "sa_restorer" || *value != 0;
        let is_there = !is_told || shown.contains(&Some(*value)) || shown.contains(&None);
        if !shown.is_empty() && !is_there {
            wrong.push(format!("{name} {value}, not of {shown:?}"));
        }
    }
    wrong
}

/// A number as strace writes it: also 017, 0x1f and 8192*1024.
fn written(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '*');
    let word = &text[..end.unwrap_or(text.len())];
    let number = |word: &str| match (word.strip_prefix("0x"), word.strip_prefix('0')) {
        (Some(hex), _) => i128::from_str_radix(hex, 16).ok(),
        (_, Some(octal)) if !octal.is_empty() => i128::from_str_radix(octal, 8).ok(),
        _ => word.parse().ok(),
    };
    word.split('*').map(number).product()
}

fn leading(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-');
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// The names of an argument's flags: each that both know is told by both.
fn labels(theirs: &Straced, ours: &Call) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, told) in &ours.labels {
        let argument = name.strip_suffix("_labels").unwrap_or(name);
        let number = ours.numbers.iter().find(|(known, _)| known == argument);
        let Some(number) = number.map(|(_, number)| low(*number)) else {
            continue;
        };
        let same = theirs.labels.iter().filter(|(known, _)| *known == number);
        let names: Vec<&[String]> = same.map(|(_, names)| &names[..]).collect();
        let is_told = |names: &&[String]| told.iter().all(|label| is_among(label, names));
        if !names.is_empty() && !names.iter().any(is_told) {
            wrong.push(format!("{name} {told:?}, not {names:?}"));
        }
    }
    wrong
}

/// Whether strace tells a label: it has one word for a futex's operation and `FUTEX_PRIVATE_FLAG`.
fn is_among(label: &str, names: &[String]) -> bool {
    let is_same = |name: &String| {
        let plain = name.strip_suffix("_PRIVATE").unwrap_or(name);
        name == label || plain == label || label == "FUTEX_PRIVATE_FLAG" && plain != name
    };
    names.iter().any(is_same)
}
