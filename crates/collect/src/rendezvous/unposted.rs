//! What a recorder left that was killed before it posted its advert: a socket, or hidden text.
//!
//! Nothing names the recorder, so age tells: from the socket to the advert it is a moment.

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, statat, unlinkat};
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use super::advert::sessions_of;
use super::folder::Folder;

/// A recorder that is alive has posted its advert by then.
const POSTED_WITHIN_S: u64 = 10;

/// Removes from a folder what belongs to no advert and is not new.
pub(crate) fn remove_unposted(folder: &Folder) {
    let Ok(sessions) = sessions_of(folder) else {
        return;
    };
    let names = names(&sessions);
    let unposted = names.iter().filter(|name| is_unposted(name, &names));
    for name in unposted.filter(|name| is_old(&sessions, name)) {
        let _ = unlinkat(&sessions, name.as_str(), AtFlags::empty());
    }
}

/// `ID.sock` without `ID`, and `.ID`; `.slotN` is nobody's.
fn is_unposted(name: &str, names: &BTreeSet<String>) -> bool {
    match (name.strip_suffix(".sock"), name.strip_prefix('.')) {
        (Some(id), _) => !names.contains(id),
        (None, Some(hidden)) => !hidden.starts_with("slot"),
        (None, None) => false,
    }
}

fn is_old(sessions: &OwnedFd, name: &str) -> bool {
    let Ok(stat) = statat(sessions, name, AtFlags::SYMLINK_NOFOLLOW) else {
        return false;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let changed = u64::try_from(stat.st_mtime).unwrap_or(0);
    now.is_ok_and(|now| now.as_secs() >= changed.saturating_add(POSTED_WITHIN_S))
}

fn names(sessions: &OwnedFd) -> BTreeSet<String> {
    let entries = Dir::read_from(sessions).into_iter().flatten();
    let name = |entry: rustix::io::Result<rustix::fs::DirEntry>| {
        entry.ok()?.file_name().to_str().ok().map(str::to_owned)
    };
    let mut names: BTreeSet<String> = entries.filter_map(name).collect();
    names.retain(|name| name != "." && name != "..");
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    #[test]
    fn only_what_is_old_and_belongs_to_no_advert_goes() {
        let root = tempfile::tempdir_in("/dev/shm").unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let uid = rustix::process::geteuid().as_raw();
        let folder = Folder::open(root.path(), uid).unwrap();
        let sessions = root.path().join(thalweg_abi::advert::FOLDER);
        fs::create_dir(&sessions).unwrap();
        let old = SystemTime::now() - Duration::from_secs(60);
        for name in ["dead.sock", ".dead", ".slot0", "posted", "posted.sock"] {
            let file = File::create(sessions.join(name)).unwrap();
            file.set_modified(old).unwrap();
        }
        for name in ["new.sock", ".new"] {
            File::create(sessions.join(name)).unwrap();
        }
        remove_unposted(&folder);
        let fd = sessions_of(&folder).unwrap();
        let left = [".new", ".slot0", "new.sock", "posted", "posted.sock"];
        assert_eq!(names(&fd), left.map(str::to_owned).into());
    }
}
