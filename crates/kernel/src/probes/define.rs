//! Probes in the kernel: defined before a recording, removed behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::Path;

use thalweg_kbuf::lttng_name;

use super::group::{beginning, group_for, group_of, living};
use super::name::{MAX_LEN, name_of};
use super::resolve::{Probe, Target};
use crate::{Error, KnownEvent, Tracefs, text};

/// Where the kernel is told of probes of programs, and of its own.
const EVENTS: [&str; 2] = ["uprobe_events", "kprobe_events"];
/// How many calls of one function may be under way whose returns are told.
const MOST_CALLS: u32 = 1024;

impl Target {
    fn events(&self) -> &'static str {
        match self {
            Self::Program { .. } => EVENTS[0],
            Self::Kernel(_) => EVENTS[1],
        }
    }
}

/// An event that probes make, and which of them are wanted.
#[derive(Debug)]
pub(crate) struct Defined {
    pub(crate) event: KnownEvent,
    pub(crate) filter: Option<String>,
}

impl Defined {
    /// Defines the probes of this instance.
    ///
    /// # Errors
    /// The kernel refuses one; those before it are there then, until [`remove_group`].
    pub(crate) fn all(
        tracefs: &Tracefs,
        instance: &str,
        probes: &[Probe],
    ) -> Result<Vec<Self>, Error> {
        let files = probes
            .iter()
            .map(|probe| tracefs.root().join(probe.target.events()));
        if let Some(path) = files.into_iter().find(|path| !path.exists()) {
            return Err(Error::NoProbes { path });
        }
        let mut names = Names::new(group_of(instance));
        for probe in probes {
            let (group, name) = names.name(probe);
            define(tracefs, &group, &name, probe)?;
        }
        Ok(names.events)
    }
}

/// The events that there are already. Probes of one name that fetch alike are one event, as places of
/// inlined code are; the others of that name have a number behind it.
struct Names {
    group: String,
    /// What the probes of an event fetch.
    taken: BTreeMap<(String, String), Vec<String>>,
    events: Vec<Defined>,
}

impl Names {
    fn new(group: String) -> Self {
        Self {
            group,
            taken: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    fn name(&mut self, probe: &Probe) -> (String, String) {
        let group = group_for(&self.group, probe.provider.as_deref());
        let alike = signature(probe);
        let plain = name_of(&probe.name, MAX_LEN - 4);
        for number in 1.. {
            let name = match number {
                1 => plain.clone(),
                _ => format!("{plain}_{number}"),
            };
            let key = (group.clone(), name.clone());
            match self.taken.get(&key) {
                Some(taken) if *taken != alike => {}
                Some(_) => return key,
                None => {
                    self.taken.insert(key.clone(), alike);
                    self.add(&group, &name, probe);
                    return key;
                }
            }
        }
        unreachable!("numbers do not end")
    }

    fn add(&mut self, group: &str, name: &str, probe: &Probe) {
        self.events.push(Defined {
            event: KnownEvent {
                system: group.to_owned(),
                kernel_name: name.to_owned(),
                name: lttng_name(group, name),
            },
            filter: probe.filter.clone(),
        });
    }
}

/// What probes of one event have in common: names and types of what they fetch, not from where.
fn signature(probe: &Probe) -> Vec<String> {
    let head = format!("{} {:?}", probe.is_return, probe.filter);
    let arguments = probe.arguments.iter().map(|argument| {
        let name = argument.split('=').next().unwrap_or_default();
        let kind = argument.rsplit(':').next().unwrap_or_default();
        format!("{name}:{kind}")
    });
    [head].into_iter().chain(arguments).collect()
}

fn define(tracefs: &Tracefs, group: &str, name: &str, probe: &Probe) -> Result<(), Error> {
    let (place, _held) = place(&probe.target)?;
    let kind = match (probe.is_return, &probe.target) {
        (false, _) => "p".to_owned(),
        (true, Target::Program { .. }) => "r".to_owned(),
        (true, Target::Kernel(_)) => format!("r{MOST_CALLS}"),
    };
    let line = format!(
        "{kind}:{group}/{name} {place} {}",
        probe.arguments.join(" ")
    );
    tell(tracefs, probe.target.events(), &line).map_err(|error| {
        let why = match error.raw_os_error().is_some_and(|code| code != EACCES) {
            true => reason(tracefs, &line).unwrap_or_else(|| error.to_string()),
            false => error.to_string(),
        };
        Error::Probe {
            probe: lttng_name(group, name),
            why: format!("{why}, says the kernel of `{line}`"),
        }
    })
}

const EACCES: i32 = 13;

/// The place in the kernel's words, and what must be open until it was told.
fn place(target: &Target) -> Result<(String, Option<File>), Error> {
    match target {
        Target::Kernel(place) => Ok((place.clone(), None)),
        Target::Program {
            file,
            offset,
            semaphore_offset,
        } => {
            let (path, held) = speakable(file)?;
            let semaphore = semaphore_offset.map_or_else(String::new, |at| format!("({at:#x})"));
            Ok((format!("{path}:{offset:#x}{semaphore}"), held))
        }
    }
}

/// The file's path as the kernel takes it; one with a space, or with a `#`, which begins a comment, by a
/// descriptor of ours, which must be open until the kernel was told.
fn speakable(path: &Path) -> Result<(String, Option<File>), Error> {
    let plain = path
        .to_str()
        .filter(|text| !text.contains(|c: char| c.is_ascii_whitespace() || c == '#'));
    if let Some(text) = plain {
        return Ok((text.to_owned(), None));
    }
    let file = File::open(path).map_err(|error| Error::io("open", path, error))?;
    Ok((format!("/proc/self/fd/{}", file.as_raw_fd()), Some(file)))
}

fn tell(tracefs: &Tracefs, events: &str, line: &str) -> std::io::Result<()> {
    // Any other way of opening it removes the probes of everybody.
    let mut file = OpenOptions::new()
        .append(true)
        .open(tracefs.root().join(events))?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// Why the kernel has refused this line, in its own words.
fn reason(tracefs: &Tracefs, line: &str) -> Option<String> {
    let log = text::read(&tracefs.root().join("error_log")).ok()?;
    let (before, _) = log.rsplit_once(&format!("Command: {}", line.trim_end()))?;
    let (_, words) = before.trim_end().rsplit_once("error: ")?;
    Some(words.lines().next()?.trim().to_owned())
}

/// Removes the probes of this instance, which is gone.
///
/// # Errors
/// tracefs cannot be read, or somebody else has them on.
pub(crate) fn remove_group(tracefs: &Tracefs, instance: &str) -> Result<(), Error> {
    let own = group_of(instance);
    remove(tracefs, &|group| beginning(group) == Some(&*own))
}

/// Removes the probes of instances that are gone: their recorders died at the end.
///
/// # Errors
/// As for a recording's own.
pub fn remove_stray_probes(tracefs: &Tracefs) -> Result<(), Error> {
    // The probes first: a recording makes its instance before them.
    let groups = groups(tracefs)?;
    let instances = tracefs.root().join("instances");
    let living = living(tracefs).map_err(|error| Error::io("list", &instances, error))?;
    let is_stray = |group: &str| {
        groups.contains(group) && beginning(group).is_some_and(|own| !living.contains(own))
    };
    remove(tracefs, &is_stray)
}

fn groups(tracefs: &Tracefs) -> Result<BTreeSet<String>, Error> {
    let mut groups = BTreeSet::new();
    for events in EVENTS {
        let defined = defined(tracefs, events)?.into_iter();
        groups.extend(defined.map(|(group, _)| group));
    }
    Ok(groups)
}

/// Every probe that a file of the kernel's lists: group and name.
fn defined(tracefs: &Tracefs, events: &str) -> Result<BTreeSet<(String, String)>, Error> {
    let path = tracefs.root().join(events);
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    let text = text::read(&path).map_err(|error| Error::io("read", &path, error))?;
    let event = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (group, rest) = rest.split_once('/')?;
        let name = rest.split_ascii_whitespace().next()?;
        Some((group.to_owned(), name.to_owned()))
    };
    Ok(text.lines().filter_map(event).collect())
}

fn remove(tracefs: &Tracefs, is_meant: &dyn Fn(&str) -> bool) -> Result<(), Error> {
    let mut result = Ok(());
    for events in EVENTS {
        let meant = defined(tracefs, events)?.into_iter();
        for (group, name) in meant.filter(|(group, _)| is_meant(group)) {
            match tell(tracefs, events, &format!("-:{group}/{name}")) {
                // Somebody else was faster.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    let path = tracefs.root().join(events);
                    result = Err(Error::io("remove a probe of ours from", &path, error));
                }
                Ok(()) => {}
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(name: &str, arguments: &[&str]) -> Probe {
        Probe {
            provider: Some("app".to_owned()),
            name: name.to_owned(),
            is_return: false,
            target: Target::Kernel("work".to_owned()),
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            filter: None,
        }
    }

    #[test]
    fn a_path_that_the_kernel_would_cut_off_is_told_by_a_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plain", "a b", "a#b"] {
            let path = folder.path().join(name);
            File::create(&path).unwrap();
            let (said, held) = speakable(&path).unwrap();
            assert_eq!(held.is_none(), name == "plain", "{name}: {said}");
            assert_eq!(said == path.to_str().unwrap(), name == "plain", "{said}");
        }
    }

    #[test]
    fn places_that_fetch_alike_are_one_event() {
        let mut names = Names::new("g".to_owned());
        let mut name = |arguments: &[&str]| names.name(&probe("work.part", arguments)).1;
        assert_eq!(name(&["a=%di:s32"]), "work_part");
        assert_eq!(name(&["a=+8(%bp):s32"]), "work_part");
        assert_eq!(name(&["a=%di:u32"]), "work_part_2");
        assert_eq!(name(&["b=%di:s32"]), "work_part_3");
        assert_eq!(names.events.len(), 3);
    }
}
