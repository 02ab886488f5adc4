//! `--track` and `--untrack`: whose kernel events are recorded, and whose are not.

use std::fs;
use std::str::FromStr;

use thalweg_kernel::{Track, TrackedAttribute};

/// One of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tracked {
    /// A process, and all that it starts.
    Process(u32),
    /// Whoever is that at the moment.
    Attribute(TrackedAttribute),
}

/// What can stand in front of the `=`.
const KINDS: &str = "pid, vpid, uid, gid, cgroup, container";

impl FromStr for Tracked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((kind, value)) = text.split_once('=').filter(|(_, value)| !value.is_empty())
        else {
            return Err(format!("expected KIND=VALUE, with a KIND of {KINDS}"));
        };
        let attribute = match kind {
            "pid" => return Ok(Self::Process(number(value)?)),
            "vpid" => TrackedAttribute::Vpid(number(value)?),
            "uid" => TrackedAttribute::User(id(value, "/etc/passwd")?),
            "gid" => TrackedAttribute::Group(id(value, "/etc/group")?),
            "cgroup" if !value.starts_with('/') => {
                return Err(format!(
                    "`{value}` is no path of a control group, as in /proc/PID/cgroup behind 0::"
                ));
            }
            "cgroup" => {
                let path = value.trim_end_matches('/');
                let path = if path.is_empty() { "/" } else { path };
                TrackedAttribute::ControlGroup(path.to_owned())
            }
            "container" => TrackedAttribute::Container(value.to_owned()),
            other => return Err(format!("nothing is tracked by {other}: only by {KINDS}")),
        };
        Ok(Self::Attribute(attribute))
    }
}

/// A number of a process: none has 0.
fn number(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("`{text}` is no number of a process")),
    }
}

/// A number, or the name that a list has for one.
fn id(text: &str, list: &str) -> Result<u32, String> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let lines = fs::read_to_string(list).unwrap_or_default();
    let found = lines.lines().find_map(|line| {
        let mut words = line.split(':');
        let name = words.next()?;
        words.nth(1)?.parse().ok().filter(|_| name == text)
    });
    found.ok_or_else(|| format!("`{text}` is neither a number nor in {list}"))
}

/// All of them together; none, if there are none.
pub(crate) fn track(tracked: &[Tracked]) -> Option<Track> {
    let mut track = Track::default();
    for one in tracked {
        match one {
            Tracked::Process(number) => track.processes.push(*number),
            Tracked::Attribute(attribute) => track.attributes.push(attribute.clone()),
        }
    }
    (!tracked.is_empty()).then_some(track)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: TrackedAttribute) {
        assert_eq!(text.parse(), Ok(Tracked::Attribute(expected)));
    }

    #[test]
    fn threads_are_tracked_by_what_they_are() {
        use TrackedAttribute::{Container, ControlGroup, Group, User, Vpid};
        assert_eq!("pid=42".parse(), Ok(Tracked::Process(42)));
        check("vpid=1", Vpid(1));
        check("uid=0", User(0));
        check("uid=root", User(0));
        check("gid=root", Group(0));
        check("cgroup=/a/b/", ControlGroup("/a/b".to_owned()));
        check("cgroup=/", ControlGroup("/".to_owned()));
        check("container=ab12", Container("ab12".to_owned()));
    }

    #[test]
    fn what_cannot_be_tracked_is_told() {
        let told = |text: &str| text.parse::<Tracked>().unwrap_err();
        assert_eq!(
            told("vuid=0"),
            "nothing is tracked by vuid: only by pid, vpid, uid, gid, cgroup, container"
        );
        assert_eq!(
            told("uid=nobody-has-it"),
            "`nobody-has-it` is neither a number nor in /etc/passwd"
        );
        assert!(told("cgroup=a").contains("no path of a control group"));
        assert_eq!(told("pid=0"), "`0` is no number of a process");
        for wrong in ["pid", "pid=", "42", ""] {
            assert!(told(wrong).starts_with("expected KIND=VALUE"), "{wrong}");
        }
    }
}
