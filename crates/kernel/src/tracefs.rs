//! Where tracefs is, and what the kernel offers there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thalweg_kbuf::{EventFormat, PageLayout};

use crate::catalogue::{self, KnownEvent};
use crate::{Error, KernelEvent, Naming, text};

/// A mounted tracefs that this process may use.
#[derive(Clone, Debug)]
pub struct Tracefs {
    root: PathBuf,
    prefix: String,
}

/// What the names of our instances begin with.
const PREFIX: &str = "thalweg-";

impl Tracefs {
    /// The mounted tracefs.
    ///
    /// # Errors
    /// It is not mounted, not open to this process, or empty: each with what to do.
    pub fn find() -> Result<Self, Error> {
        let mounts = text::read(Path::new("/proc/self/mounts")).unwrap_or_default();
        let root = mount_point(&mounts).ok_or(Error::NotMounted)?;
        Self::at(root)
    }

    /// The tracefs at `root`.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub fn at(root: impl Into<PathBuf>) -> Result<Self, Error> {
        let root = root.into();
        match fs::read_to_string(root.join("trace_clock")) {
            Ok(_) => Ok(Self {
                root,
                prefix: PREFIX.to_owned(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::Empty { path: root })
            }
            Err(error) => Err(Error::io("open tracefs at", &root, error)),
        }
    }

    /// The same tracefs for instances whose names begin otherwise than with `thalweg-`: whoever
    /// uses another beginning neither sees nor removes the instances of the others.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        Self { prefix, ..self }
    }

    /// What the names of our instances begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where it is mounted.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every event of this kernel, but for the probes and synthetic events of recordings of ours.
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn events(&self) -> Result<Vec<KnownEvent>, Error> {
        let mut events = catalogue::parse(&self.read("available_events")?);
        events.retain(|event| !event.is_own());
        Ok(events)
    }

    /// The events of this kernel that a pattern means, as those of rules do.
    ///
    /// # Errors
    /// None matches, and what looks like it; or tracefs cannot be read.
    pub fn find_events(&self, pattern: &str) -> Result<Vec<KnownEvent>, Error> {
        let known = self.events()?;
        let places = catalogue::select(&known, pattern)?;
        Ok(places.into_iter().map(|at| known[at].clone()).collect())
    }

    /// An event with its fields, under LTTng's names where it has some.
    ///
    /// # Errors
    /// Its format cannot be read.
    pub fn describe(&self, event: &KnownEvent) -> Result<KernelEvent, Error> {
        let format = self.format(event)?;
        Ok(KernelEvent::new(&event.system, &format, Naming::Lttng))
    }

    /// The names of the trace clocks.
    ///
    /// # Errors
    /// tracefs cannot be read.
    pub fn clocks(&self) -> Result<Vec<String>, Error> {
        let text = self.read("trace_clock")?;
        let names = text
            .split_whitespace()
            .map(|name| name.trim_matches(['[', ']']).to_owned());
        Ok(names.collect())
    }

    /// How the kernel's ring pages begin.
    pub(crate) fn page_layout(&self) -> Result<PageLayout, Error> {
        let layout = |path: PathBuf| move |source| Error::Layout { path, source };
        let event = self.read("events/header_event")?;
        PageLayout::check_event_header(&event)
            .map_err(layout(self.root.join("events/header_event")))?;
        let page = self.read("events/header_page")?;
        PageLayout::parse(&page).map_err(layout(self.root.join("events/header_page")))
    }

    /// An event's `format` file.
    pub(crate) fn format(&self, event: &KnownEvent) -> Result<EventFormat, Error> {
        let name = format!("events/{}/{}/format", event.system, event.kernel_name);
        let text = self.read(&name)?;
        EventFormat::parse(&text).map_err(|source| Error::Layout {
            path: self.root.join(name),
            source,
        })
    }

    fn read(&self, name: &str) -> Result<String, Error> {
        let path = self.root.join(name);
        text::read(&path).map_err(|error| Error::io("read", &path, error))
    }
}

/// The first mount of type tracefs; `/sys/kernel/tracing` before others.
fn mount_point(mounts: &str) -> Option<PathBuf> {
    let points = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let point = words.nth(1)?;
        (words.next()? == "tracefs").then(|| unescape(point))
    });
    points.min_by_key(|point| point != Path::new("/sys/kernel/tracing"))
}

/// Spaces and the like stand in the list of mounts as octal numbers.
fn unescape(text: &str) -> PathBuf {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                out.push(char::from(code));
                rest = &after[3..];
            }
            None => {
                out.push('\\');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_mount_point_is_preferred() {
        let mounts = "tracefs /mnt/a\\040b tracefs rw 0 0\nproc /proc proc rw 0 0\n";
        assert_eq!(mount_point(mounts), Some(PathBuf::from("/mnt/a b")));
        let both = format!("{mounts}tracefs /sys/kernel/tracing tracefs rw 0 0\n");
        assert_eq!(
            mount_point(&both),
            Some(PathBuf::from("/sys/kernel/tracing"))
        );
        assert_eq!(
            mount_point("tracefs /sys/kernel/tracing ext4 rw 0 0\n"),
            None
        );
    }

    #[test]
    fn what_is_not_mounted_is_told_with_the_command() {
        assert_eq!(
            Error::NotMounted.to_string(),
            "find tracefs: it is not mounted; mount it as root: \
             mount -t tracefs nodev /sys/kernel/tracing"
        );
    }

    #[test]
    fn an_empty_folder_is_told_as_such() {
        let folder = std::env::temp_dir();
        let error = Tracefs::at(&folder).unwrap_err();
        assert!(error.to_string().contains("it is empty"), "{error}");
    }
}
