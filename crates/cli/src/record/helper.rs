//! Helpers: libraries that are preloaded into the command.
//!
//! ```text
//!   --helper libc,dl ─▶ $THALWEG_HELPERS, the folder of this program, ../lib/thalweg from there
//!                    ─▶ LD_PRELOAD=…/libthalweg_libc.so:…/libthalweg_dl.so:what the user has there
//! ```
//!
//! Ours come first: what else stands in for the same functions is then what ours call, so that
//! calls of a preloaded allocator are told, too.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::rights;
use crate::exit::{Failure, RECORD_FAILED};

/// Where the helpers are, when they are not beside this program.
const FOLDER: &str = "THALWEG_HELPERS";
/// What the dynamic linker reads.
pub(crate) const VARIABLE: &str = "LD_PRELOAD";

/// What can be preloaded; `record --help` says what each tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Helper {
    Libc,
    Pthread,
    Dl,
    Functions,
    FunctionsFast,
}

impl Helper {
    fn file(self) -> &'static str {
        match self {
            Self::Libc => "libthalweg_libc.so",
            Self::Pthread => "libthalweg_pthread.so",
            Self::Dl => "libthalweg_dl.so",
            Self::Functions => "libthalweg_functions.so",
            Self::FunctionsFast => "libthalweg_functions_fast.so",
        }
    }
}

/// The value of `LD_PRELOAD` for a command; `None` if it stays as it is.
pub(crate) fn preload(wanted: &[Helper], program: &Path) -> Result<Option<OsString>, Failure> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let refuse = |words: String| Failure::words(RECORD_FAILED, words);
    if wanted.contains(&Helper::Functions) && wanted.contains(&Helper::FunctionsFast) {
        let words = "use the helpers functions and functions-fast together: both stand in for the \
                     same functions; choose one";
        return Err(refuse(words.to_owned()));
    }
    if let Some(why) = rights::gained_by(program) {
        let program = program.display();
        return Err(refuse(format!(
            "preload helpers into {program}: it runs with {why}, and the dynamic linker then \
             preloads nothing; record it as a user who has them already"
        )));
    }
    let folders = folders(env::var_os(FOLDER), env::current_exe().ok().as_deref());
    let libraries = paths(wanted, &folders).map_err(refuse)?;
    Ok(Some(joined(&libraries, env::var_os(VARIABLE))))
}

/// Where to look, in this order.
fn folders(named: Option<OsString>, executable: Option<&Path>) -> Vec<PathBuf> {
    let named = named.filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let own = executable.and_then(Path::parent);
    let installed = own
        .and_then(Path::parent)
        .map(|prefix| prefix.join("lib/thalweg"));
    let own = own.map(Path::to_owned);
    [named, own, installed].into_iter().flatten().collect()
}

fn paths(wanted: &[Helper], folders: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for helper in wanted {
        let path = find(*helper, folders)?;
        if !found.contains(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

fn find(helper: Helper, folders: &[PathBuf]) -> Result<PathBuf, String> {
    let file = helper.file();
    let Some(path) = folders
        .iter()
        .map(|folder| folder.join(file))
        .find(|path| path.is_file())
    else {
        let folders: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        return Err(format!(
            "find {file}: it is not in {}; set {FOLDER} to the folder that has it",
            folders.join(", nor in ")
        ));
    };
    // The command may have another current folder when it loads the library.
    let path = path
        .canonicalize()
        .map_err(|error| format!("find {}: {error}", path.display()))?;
    let cut = |byte: &u8| matches!(byte, b' ' | b':');
    if path.as_os_str().as_encoded_bytes().iter().any(cut) {
        return Err(format!(
            "preload {}: a path with a space or colon cannot be preloaded; copy the file to \
             another folder, and set {FOLDER} to it",
            path.display()
        ));
    }
    Ok(path)
}

/// The libraries, and behind them what the user has preloaded anyway.
fn joined(libraries: &[PathBuf], before: Option<OsString>) -> OsString {
    let before = before.filter(|before| !before.is_empty());
    let parts = libraries.iter().map(|path| path.as_os_str());
    let parts: Vec<&OsStr> = parts.chain(before.as_deref()).collect();
    parts.join(OsStr::new(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_folder_is_tried_before_those_of_the_program() {
        let folders = |named: Option<&str>| {
            folders(
                named.map(OsString::from),
                Some(Path::new("/usr/bin/thalweg")),
            )
        };
        let own = ["/usr/bin", "/usr/lib/thalweg"].map(PathBuf::from);
        assert_eq!(folders(None), own);
        assert_eq!(folders(Some("")), own);
        assert_eq!(folders(Some("/x"))[0], Path::new("/x"));
        assert_eq!(folders(Some("/x"))[1..], own);
    }

    #[test]
    fn what_the_user_preloads_stays_behind_ours() {
        let ours = ["/a/libthalweg_libc.so", "/a/libthalweg_dl.so"].map(PathBuf::from);
        let value = |before: Option<&str>| joined(&ours, before.map(OsString::from));
        let alone = "/a/libthalweg_libc.so:/a/libthalweg_dl.so";
        assert_eq!(value(None), alone);
        assert_eq!(value(Some("")), alone);
        assert_eq!(
            value(Some("a.so b.so")),
            format!("{alone}:a.so b.so").as_str()
        );
    }

    #[test]
    fn a_helper_that_is_nowhere_is_told_with_where_it_was_looked_for() {
        let folders = ["/no/bin", "/no/lib"].map(PathBuf::from);
        assert_eq!(
            paths(&[Helper::Dl], &folders).unwrap_err(),
            "find libthalweg_dl.so: it is not in /no/bin, nor in /no/lib; set THALWEG_HELPERS to \
             the folder that has it"
        );
    }

    #[test]
    fn a_helper_is_preloaded_once_and_from_a_path_that_can_be() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().canonicalize().unwrap();
        let file = folder.join("libthalweg_libc.so");
        std::fs::write(&file, "").unwrap();
        let twice = [Helper::Libc, Helper::Libc];
        assert_eq!(
            paths(&twice, std::slice::from_ref(&folder)).unwrap(),
            [file]
        );

        let odd = folder.join("a folder");
        std::fs::create_dir(&odd).unwrap();
        std::fs::write(odd.join("libthalweg_libc.so"), "").unwrap();
        let told = paths(&[Helper::Libc], &[odd]).unwrap_err();
        assert!(told.contains("a path with a space or colon"), "{told}");
    }
}
