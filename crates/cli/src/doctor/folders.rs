//! The folder where a program of this user meets its recorder, and why the others are not used.
//!
//! The order and the conditions are those of the library `thalweg`: the first folder that is there
//! or can be made, is its user's alone, and lies on a tmpfs.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statfs};
use rustix::process::geteuid;

use super::finding::Finding;

const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Which folder is used.
pub(crate) fn findings() -> Vec<Finding> {
    let user = geteuid().as_raw();
    vec![finding(
        candidates(user)
            .into_iter()
            .map(|path| (usable(&path, user), path))
            .collect(),
    )]
}

fn candidates(user: u32) -> Vec<PathBuf> {
    let absolute = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let own = absolute("THALWEG_RUNDIR");
    let runtime = absolute("XDG_RUNTIME_DIR").map(|folder| folder.join("thalweg"));
    let shared = [
        PathBuf::from("/run/thalweg"),
        PathBuf::from(format!("/dev/shm/thalweg-{user}")),
    ];
    own.into_iter().chain(runtime).chain(shared).collect()
}

fn finding(examined: Vec<(Result<(), String>, PathBuf)>) -> Finding {
    let id = "programs.folder";
    let mut passed_over = Vec::new();
    for (usable, path) in examined {
        match usable {
            Ok(()) => return Finding::ok(id, used(&path, &passed_over)),
            Err(why) => passed_over.push(format!("{}: {why}", path.display())),
        }
    }
    let words = format!("none can be used: {}", passed_over.join("; "));
    Finding::missing(id, words).fix("sudo mount -t tmpfs -o mode=1777 tmpfs /dev/shm")
}

fn used(path: &Path, passed_over: &[String]) -> String {
    let path = path.display();
    match passed_over {
        [] => path.to_string(),
        others => format!("{path} (passed over: {})", others.join("; ")),
    }
}

/// Whether a program would use it; what is not there yet is judged by the folder above it.
fn usable(path: &Path, user: u32) -> Result<(), String> {
    let Ok(found) = fs::symlink_metadata(path) else {
        let parent = path.parent().unwrap_or(Path::new("/"));
        access(parent, Access::WRITE_OK | Access::EXEC_OK).map_err(|why| {
            format!(
                "is not there, and cannot be made in {}: {why}",
                parent.display()
            )
        })?;
        return on_tmpfs(parent);
    };
    if !found.is_dir() {
        return Err("is not a folder".to_owned());
    }
    if found.uid() != user {
        return Err(format!("belongs to user {}, not to {user}", found.uid()));
    }
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!("is open to others (mode {mode:03o}, not 700)"));
    }
    on_tmpfs(path)
}

fn on_tmpfs(path: &Path) -> Result<(), String> {
    match statfs(path) {
        Ok(found) if found.f_type == TMPFS_MAGIC => Ok(()),
        Ok(_) => Err("is not on a tmpfs".to_owned()),
        Err(why) => Err(why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn the_first_usable_folder_is_named_and_why_not_those_before_it() {
        let examined = vec![
            (Err("is not on a tmpfs".to_owned()), "/run/thalweg".into()),
            (Ok(()), "/dev/shm/thalweg-0".into()),
            (Ok(()), "/never".into()),
        ];
        assert_eq!(
            finding(examined).words,
            "/dev/shm/thalweg-0 (passed over: /run/thalweg: is not on a tmpfs)"
        );
        assert_eq!(finding(Vec::new()).state, State::Missing);
    }

    #[test]
    fn a_folder_must_be_its_users_alone_and_on_a_tmpfs() {
        let user = geteuid().as_raw();
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = folder.path();
        let set = |mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        set(0o700);
        assert_eq!(usable(path, user), Ok(()));
        assert_eq!(usable(&path.join("new"), user), Ok(()));
        assert!(
            usable(path, user + 1)
                .unwrap_err()
                .starts_with("belongs to user")
        );
        set(0o750);
        assert_eq!(
            usable(path, user).unwrap_err(),
            "is open to others (mode 750, not 700)"
        );
        assert!(
            usable(Path::new("/proc/self/status"), user)
                .unwrap_err()
                .contains("not a folder")
        );
        assert!(
            usable(Path::new("/nowhere/thalweg"), user)
                .unwrap_err()
                .contains("is not there")
        );
    }
}
