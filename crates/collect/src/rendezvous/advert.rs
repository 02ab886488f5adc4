//! This collector's own mark in a folder: a slot, an advert, and a socket to call.

use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, Dir, FlockOperation, Gid, Mode, OFlags, Uid, chownat, flock, mkdirat, openat,
    renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};
use rustix::process::geteuid;
use std::fmt::Write as _;
use std::path::Path;
use thalweg_abi::SLOTS;
use thalweg_abi::advert::{FIRST_LINE, FOLDER, MAX_LEN, MODES};
use thalweg_abi::sampled::CONTEXT;

use super::call::Silent;
use super::folder::Folder;
use crate::context::Contexts;
use crate::summary::RingMode;

/// What an advert says; see [`thalweg_abi::advert`]. `trace`, `instance`, `start` are for whoever
/// finds the advert of a dead recorder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Advert {
    pub(crate) clock: &'static str,
    pub(crate) limit_units: usize,
    /// Which events are wanted, as text.
    pub(crate) rules: String,
    pub(crate) trace: String,
    pub(crate) instance: Option<String>,
    pub(crate) start: u64,
    pub(crate) mode: RingMode,
    pub(crate) contexts: Contexts,
}

impl Advert {
    fn text(&self, slot: usize) -> String {
        let mut text = format!("{FIRST_LINE}\nslot {slot}\nclock {}\n", self.clock);
        let _ = writeln!(text, "limit-units {}", self.limit_units);
        let _ = writeln!(text, "trace {}\nstart {}", self.trace, self.start);
        let (mode, patience_ns) = self.mode.words();
        for (name, _) in MODES.iter().filter(|(_, number)| *number == mode) {
            let _ = writeln!(text, "mode {name}\npatience-ns {patience_ns}");
        }
        if let Some(instance) = &self.instance {
            let _ = writeln!(text, "instance {instance}");
        }
        for context in &self.contexts.sampled {
            let _ = writeln!(text, "{CONTEXT} {}", context.asked());
        }
        text + &self.rules
    }

    /// Reads what a dead recorder left: its slot, and the rest.
    pub(crate) fn parse(text: &str) -> Option<(usize, Self)> {
        let rest = text.strip_prefix(FIRST_LINE)?;
        let mut advert = Self {
            clock: "tsc",
            ..Self::default()
        };
        let mut slot = None;
        for (key, value) in rest.lines().filter_map(|line| line.split_once(' ')) {
            match key {
                "slot" => slot = value.parse().ok().filter(|slot| *slot < SLOTS),
                "clock" if value == "mono" => advert.clock = "mono",
                "trace" => value.clone_into(&mut advert.trace),
                "instance" => advert.instance = Some(value.to_owned()),
                "start" => advert.start = value.parse().ok()?,
                _ => {}
            }
        }
        Some((slot?, advert))
    }
}

/// A collector's place in a folder.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) folder: Folder,
    pub(crate) slot: usize,
    pub(crate) listener: OwnedFd,
    pub(crate) lock: OwnedFd,
    pub(crate) silent: Silent,
    name: String,
}

/// The adverts' folder, open.
pub(super) fn sessions_of(folder: &Folder) -> Result<OwnedFd, Errno> {
    match mkdirat(&folder.fd, FOLDER, Mode::RWXU) {
        Err(Errno::EXIST) => {}
        made => {
            made?;
            // Root prepares a user's folder for the user, too.
            let (uid, gid) = (Uid::from_raw(folder.uid), None::<Gid>);
            let _ = chownat(&folder.fd, FOLDER, Some(uid), gid, AtFlags::empty());
        }
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(&folder.fd, FOLDER, flags, Mode::empty())
}

/// Takes the lock of a slot, if nobody has it.
fn lock_slot(sessions: &OwnedFd, slot: usize) -> Result<OwnedFd, Errno> {
    let name = format!(".slot{slot}");
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(sessions, &name, flags, Mode::RUSR | Mode::WUSR)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

impl Post {
    /// Takes a free slot of the folder, opens the socket, and then posts the advert: who finds it
    /// can call.
    pub(crate) fn take(folder: Folder, name: &str, advert: &Advert) -> Result<Self, Errno> {
        let sessions = sessions_of(&folder)?;
        let taken = (0..SLOTS).find_map(|slot| Some((slot, lock_slot(&sessions, slot).ok()?)));
        let (slot, lock) = taken.ok_or(Errno::BUSY)?;
        let text = advert.text(slot);
        if text.len() > MAX_LEN {
            return Err(Errno::TOOBIG);
        }
        let listener = listen_at(&folder.path.join(FOLDER).join(format!("{name}.sock")))?;
        let post = Self {
            folder,
            slot,
            listener,
            lock,
            silent: Silent::default(),
            name: name.to_owned(),
        };
        let socket = format!("{name}.sock");
        let (uid, gid) = (Uid::from_raw(post.folder.uid), None::<Gid>);
        let _ = chownat(
            &sessions,
            &socket,
            Some(uid),
            gid,
            AtFlags::SYMLINK_NOFOLLOW,
        );
        post.publish(&sessions, &text)?;
        Ok(post)
    }

    /// A post that another process took, by what it handed over.
    pub(crate) fn of_another(
        folder: Folder,
        slot: usize,
        listener: OwnedFd,
        lock: OwnedFd,
        name: String,
    ) -> Self {
        Self {
            folder,
            slot,
            listener,
            lock,
            silent: Silent::default(),
            name,
        }
    }

    fn publish(&self, sessions: &OwnedFd, text: &str) -> Result<(), Errno> {
        let hidden = format!(".{}", self.name);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o644);
        let file = openat(sessions, &hidden, flags, mode)?;
        // It stays ours, in whosever folder: see `left_behind`.
        rustix::io::write(&file, text.as_bytes())?;
        renameat(sessions, &hidden, sessions, &self.name)
    }

    /// Takes the advert away; the socket and the lock go with the value.
    pub(crate) fn withdraw(&self) {
        if let Ok(sessions) = sessions_of(&self.folder) {
            remove(&sessions, &self.name);
        }
    }
}

/// Removes an advert and its socket.
fn remove(sessions: &OwnedFd, name: &str) {
    let _ = unlinkat(sessions, name, AtFlags::empty());
    let _ = unlinkat(sessions, format!("{name}.sock"), AtFlags::empty());
}

/// Our adverts whose recorders are gone: nobody holds their slots. Taking one takes the slot. Who else
/// has a folder could name a trace of ours in it, and have it repaired while it is written.
pub(crate) fn left_behind(folder: &Folder) -> Vec<(String, Advert, Post)> {
    let Ok(sessions) = sessions_of(folder) else {
        return Vec::new();
    };
    let take = |name: String| {
        let owner = statat(&sessions, &name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        if owner.st_uid != geteuid().as_raw() {
            return None;
        }
        let (slot, advert) = Advert::parse(&read_text(&sessions, &name).ok()?)?;
        let lock = lock_slot(&sessions, slot).ok()?;
        let folder = Folder::open(&folder.path, folder.uid).ok()?;
        // Nobody is served at a dead recorder's socket: this one only has the form of it.
        let listener = unbound_socket().ok()?;
        let post = Post {
            folder,
            slot,
            listener,
            lock,
            silent: Silent::default(),
            name: name.clone(),
        };
        Some((name, advert, post))
    };
    names(&sessions).into_iter().filter_map(take).collect()
}

/// The tracefs instances that the folder's adverts name: their recorders, or keepers, are alive.
pub(crate) fn instances_in_use(folder: &Folder) -> Vec<String> {
    let Ok(sessions) = sessions_of(folder) else {
        return Vec::new();
    };
    let instance = |name: String| {
        Advert::parse(&read_text(&sessions, &name).ok()?)?
            .1
            .instance
    };
    names(&sessions).into_iter().filter_map(instance).collect()
}

fn read_text(sessions: &OwnedFd, name: &str) -> Result<String, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(sessions, name, flags, Mode::empty())?;
    let mut bytes = vec![0; MAX_LEN];
    let len = rustix::io::read(&file, &mut bytes)?;
    bytes.truncate(len);
    String::from_utf8(bytes).map_err(|_| Errno::ILSEQ)
}

/// The names of all adverts in a folder.
fn names(sessions: &OwnedFd) -> Vec<String> {
    let Ok(entries) = Dir::read_from(sessions) else {
        return Vec::new();
    };
    let names =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str().ok().map(str::to_owned));
    names
        .filter(|name| !name.starts_with('.') && !name.ends_with(".sock"))
        .collect()
}

fn unbound_socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)
}

fn listen_at(path: &Path) -> Result<OwnedFd, Errno> {
    let socket = unbound_socket()?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, 4096)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_abi::advert::rules_of;

    #[test]
    fn a_program_finds_the_rules_as_they_are_here() {
        let advert = Advert {
            rules: "enable a:*\nexclude a:b\nenable c:*\n".to_owned(),
            instance: Some("i".to_owned()),
            ..Advert::default()
        };
        assert_eq!(rules_of(advert.text(1).as_bytes()), advert.rules.as_bytes());
    }
}
