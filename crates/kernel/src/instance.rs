//! A trace instance: a folder of tracefs with buffers and settings of its own.
//!
//! Who holds it is shown by a record lock on its `buffer_percent`. Such a lock is dropped by the
//! kernel when its process ends in any way, and a forked child does not have it (an `flock` it
//! would). It is also dropped when its process closes *any* descriptor of that file: so nothing
//! else here opens that file of an instance that this process holds ([`HELD`]).

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::{Error, Tracefs, text};

const LOCK_FILE: &str = "buffer_percent";

/// The instances that this process holds.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn held() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An instance of ours that is in tracefs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundInstance {
    /// Its folder's name.
    pub name: String,
    /// The recording's id.
    pub id: String,
    /// The process that holds it (0: one that cannot be seen from here); `None` if it died.
    pub holder: Option<i32>,
}

/// An instance that this process holds.
#[derive(Debug)]
pub(crate) struct Instance {
    dir: PathBuf,
    name: String,
    lock: File,
}

impl Instance {
    /// Makes a new one and takes it. For the moment between, it looks like one whose recorder
    /// died: who looks for those may take or even remove it. Then it is waited for, or made again.
    pub(crate) fn create(tracefs: &Tracefs, id: &str) -> Result<Self, Error> {
        let name = name_of(tracefs.prefix(), id)?;
        let dir = folder(tracefs, &name);
        make(&dir, &name)?;
        for _ in 0..100 {
            let made = match Self::take(dir.clone(), name.clone()) {
                Err(Error::Held { .. }) => false,
                // What is still being removed cannot be made yet.
                Err(Error::Io { source, .. }) if is_gone(&source) => make(&dir, &name).is_ok(),
                taken => return taken.inspect_err(|_| leave(&dir)),
            };
            if !made {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Self::take(dir.clone(), name).inspect_err(|_| leave(&dir))
    }

    /// Takes one that nobody holds.
    pub(crate) fn open(tracefs: &Tracefs, name: &str) -> Result<Self, Error> {
        let prefix = tracefs.prefix();
        let name = name_of(prefix, name.strip_prefix(prefix).unwrap_or_default())?;
        let dir = folder(tracefs, &name);
        if !dir.is_dir() {
            return Err(Error::NoInstance { name });
        }
        Self::take(dir, name)
    }

    /// Takes somebody else's, of any name but ours: for reading.
    pub(crate) fn attach(tracefs: &Tracefs, name: &str) -> Result<Self, Error> {
        let is_ours = name.starts_with(tracefs.prefix());
        let is_name = !name.contains('/') && !matches!(name, "" | "." | "..");
        let dir = folder(tracefs, name);
        if is_ours || !is_name || !dir.is_dir() {
            return Err(Error::NoInstance {
                name: name.to_owned(),
            });
        }
        Self::take(dir, name.to_owned())
    }

    fn take(dir: PathBuf, name: String) -> Result<Self, Error> {
        let mut held = held();
        if held.contains(&dir) {
            let pid = rustix::process::getpid().as_raw_nonzero().get();
            return Err(Error::Held { name, pid });
        }
        let path = dir.join(LOCK_FILE);
        let open = OpenOptions::new().read(true).write(true).open(&path);
        let lock = open.map_err(|error| Error::io("open", &path, error))?;
        if fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let pid = holder(&lock).unwrap_or(0);
            return Err(Error::Held { name, pid });
        }
        held.insert(dir.clone());
        Ok(Self { dir, name, lock })
    }

    /// The folder's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A file in it.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    /// Whether it has this file.
    pub(crate) fn has(&self, file: &str) -> bool {
        self.path(file).exists()
    }

    /// Sets the share of the ring that wakes a waiter; its file is the lock's.
    pub(crate) fn set_wake_percent(&self, percent: u8) -> Result<(), Error> {
        let text = percent.min(100).to_string();
        let write = (&self.lock).write_all(text.as_bytes());
        write.map_err(|error| Error::io("write to", &self.path(LOCK_FILE), error))
    }

    /// The share of the ring that wakes a waiter.
    pub(crate) fn wake_percent(&self) -> Option<usize> {
        let mut text = [0; 16];
        let len = self.lock.read_at(&mut text, 0).ok()?;
        let text = std::str::from_utf8(&text[..len]).ok()?;
        text.trim().parse().ok()
    }

    /// Writes a setting.
    pub(crate) fn write(&self, file: &str, value: &str) -> Result<(), Error> {
        self.try_write(file, value)
            .map_err(|error| Error::io("write to", &self.path(file), error))
    }

    /// Writes a setting; the caller knows what a refusal means.
    pub(crate) fn try_write(&self, file: &str, value: &str) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .open(self.path(file))?
            .write_all(value.as_bytes())
    }

    /// Reads a setting.
    pub(crate) fn read(&self, file: &str) -> Result<String, Error> {
        let path = self.path(file);
        text::read(&path).map_err(|error| Error::io("read", &path, error))
    }

    /// Reads a setting that is a number.
    pub(crate) fn read_number(&self, file: &str) -> Option<usize> {
        let text = text::read(&self.path(file)).ok()?;
        text.split_whitespace().next()?.parse().ok()
    }

    /// The CPUs that it has rings for, in order.
    pub(crate) fn cpus(&self) -> Result<Vec<u32>, Error> {
        let dir = self.path("per_cpu");
        let list = fs::read_dir(&dir).map_err(|error| Error::io("list", &dir, error))?;
        let mut cpus: Vec<u32> = list
            .filter_map(|entry| {
                entry
                    .ok()?
                    .file_name()
                    .to_str()?
                    .strip_prefix("cpu")?
                    .parse()
                    .ok()
            })
            .collect();
        cpus.sort_unstable();
        Ok(cpus)
    }

    /// Removes it from the kernel. The descriptors of a reader that has just been killed may
    /// still be in the making of being closed, and who looks for dead recorders has a file of it open for a
    /// moment: that is waited for, five seconds at most.
    pub(crate) fn remove(self) -> Result<(), Error> {
        let dir = self.dir.clone();
        drop(self);
        for _ in 0..500 {
            match fs::remove_dir(&dir) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                // Someone else who thought its recorder dead was faster.
                Err(error) if is_gone(&error) => return Ok(()),
                Err(error) => return Err(Error::io("remove the trace instance", &dir, error)),
                Ok(()) => return Ok(()),
            }
        }
        let error = io::Error::from(io::ErrorKind::ResourceBusy);
        Err(Error::io("remove the trace instance", &dir, error))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        held().remove(&self.dir);
    }
}

/// Stops an instance, whoever holds it: a recorder that is dying may still have the lock.
pub(crate) fn silence(tracefs: &Tracefs, name: &str) -> Result<(), Error> {
    let prefix = tracefs.prefix();
    let name = name_of(prefix, name.strip_prefix(prefix).unwrap_or_default())?;
    let path = folder(tracefs, &name).join("tracing_on");
    let file = OpenOptions::new().write(true).open(&path);
    file.and_then(|mut file| file.write_all(b"0"))
        .map_err(|error| Error::io("write to", &path, error))
}

/// Our instances in tracefs, whoever made them.
pub(crate) fn list(tracefs: &Tracefs) -> Result<Vec<FoundInstance>, Error> {
    let dir = tracefs.root().join("instances");
    let entries = fs::read_dir(&dir).map_err(|error| Error::io("list", &dir, error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found: Vec<FoundInstance> = names
        .filter_map(|name| found_instance(&dir, tracefs.prefix(), name))
        .collect();
    found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn found_instance(instances: &Path, prefix: &str, name: String) -> Option<FoundInstance> {
    let id = name.strip_prefix(prefix)?.to_owned();
    let dir = instances.join(&name);
    let held = held();
    if held.contains(&dir) {
        let holder = Some(rustix::process::getpid().as_raw_nonzero().get());
        return Some(FoundInstance { name, id, holder });
    }
    // An instance that vanishes meanwhile is none.
    let lock = OpenOptions::new()
        .read(true)
        .write(true)
        .open(dir.join(LOCK_FILE))
        .ok()?;
    Some(FoundInstance {
        name,
        id,
        holder: holder(&lock),
    })
}

/// Who has the lock. If the kernel does not say, someone has it.
fn holder(lock: &File) -> Option<i32> {
    let wanted = Flock::from(FlockType::WriteLock);
    match fcntl_getlk(lock, &wanted) {
        Ok(found) => found.map(|lock| lock.pid.map_or(0, |pid| pid.as_raw_nonzero().get())),
        Err(_) => Some(0),
    }
}

/// Whether it was removed, or is being removed.
fn is_gone(error: &io::Error) -> bool {
    let in_removal = rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::NODEV);
    in_removal || error.kind() == io::ErrorKind::NotFound
}

fn make(dir: &Path, name: &str) -> Result<(), Error> {
    match fs::create_dir(dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::Exists {
            name: name.to_owned(),
        }),
        Err(error) => Err(Error::io("create the trace instance", dir, error)),
    }
}

/// Removes one that was made and cannot be used; not if somebody has it.
fn leave(dir: &Path) {
    let _ = fs::remove_dir(dir);
}

fn folder(tracefs: &Tracefs, name: &str) -> PathBuf {
    tracefs.root().join("instances").join(name)
}

fn name_of(prefix: &str, id: &str) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        return Err(Error::BadId { id: id.to_owned() });
    }
    Ok(format!("{prefix}{id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_leave_the_folder_is_refused() {
        for id in ["", "..\u{2f}x", "a/b", "ü", &"x".repeat(65)] {
            assert!(
                matches!(name_of("thalweg-", id), Err(Error::BadId { .. })),
                "{id}"
            );
        }
        assert_eq!(
            name_of("thalweg-", "20261122-1.x").unwrap(),
            "thalweg-20261122-1.x"
        );
    }
}
