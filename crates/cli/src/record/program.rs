//! The command to record, found before anything is recorded.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::exit::{CANNOT_RUN, Failure, NOT_FOUND};

/// Where `execvp` looks when there is no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The file of `name`, which can be run as far as can be told before it is.
pub(crate) fn locate(name: &OsStr) -> Result<PathBuf, Failure> {
    let folders = env::var_os("PATH").unwrap_or_else(|| OsString::from(DEFAULT_PATH));
    find(name, &folders)
}

fn find(name: &OsStr, folders: &OsStr) -> Result<PathBuf, Failure> {
    if name.as_encoded_bytes().contains(&b'/') {
        return examine(Path::new(name)).map_err(|why| why.failure(name));
    }
    let mut worst = Unusable::Absent;
    for folder in env::split_paths(folders).filter(|_| !name.is_empty()) {
        match examine(&folder.join(name)) {
            Ok(path) => return Ok(path),
            Err(Unusable::Absent) => {}
            Err(why) => worst = why,
        }
    }
    Err(worst.failure(name))
}

/// Why a path is nothing to run.
enum Unusable {
    Absent,
    Folder(PathBuf),
    Forbidden(PathBuf),
}

fn examine(path: &Path) -> Result<PathBuf, Unusable> {
    let path = path.to_owned();
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(Unusable::Forbidden(path))
        }
        Err(_) => Err(Unusable::Absent),
        Ok(found) if found.is_dir() => Err(Unusable::Folder(path)),
        Ok(_) if access(&path, Access::EXEC_OK).is_err() => Err(Unusable::Forbidden(path)),
        Ok(_) => Ok(path),
    }
}

impl Unusable {
    fn failure(&self, name: &OsStr) -> Failure {
        let name = name.display();
        let has_slash = name.to_string().contains('/');
        match self {
            Self::Absent if has_slash => {
                Failure::words(NOT_FOUND, format!("run {name}: no such file"))
            }
            Self::Absent => {
                Failure::words(NOT_FOUND, format!("run {name}: no such command in PATH"))
            }
            Self::Folder(path) => Failure::words(
                CANNOT_RUN,
                format!("run {}: it is a folder", path.display()),
            ),
            Self::Forbidden(path) => {
                let path = path.display();
                let words = format!("run {path}: permission denied; see ls -l {path}");
                Failure::words(CANNOT_RUN, words)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, folders: &str, expected: Result<&str, &str>) {
        let found = find(OsStr::new(name), OsStr::new(folders));
        match (found, expected) {
            (Ok(path), Ok(expected)) => assert_eq!(path, Path::new(expected)),
            (Err(failure), Err(expected)) => {
                let told = format!("{failure:?}");
                assert!(told.contains(expected), "{told}");
            }
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn commands_are_found_as_the_shell_finds_them() {
        check("sh", "/nowhere:/bin", Ok("/bin/sh"));
        check("/bin/sh", "", Ok("/bin/sh"));
        check("sh", "/nowhere", Err("run sh: no such command in PATH"));
        check("./nothing", "/bin", Err("run ./nothing: no such file"));
        check("/etc", "", Err("run /etc: it is a folder"));
        check("/etc/passwd", "", Err("run /etc/passwd: permission denied"));
        check("", "/bin", Err("no such command"));
    }
}
