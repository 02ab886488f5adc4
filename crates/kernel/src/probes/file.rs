//! The file that a probe names.

use std::env;
use std::path::{Path, PathBuf};

/// Where libraries are that are named without a folder.
const LIBRARIES: [&str; 6] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];

/// The program or library of this name: a path, or a name that is looked for where programs are, and
/// then where libraries are.
///
/// # Errors
/// There is none; the words finish the sentence "failed to …".
pub fn find_file(name: &str) -> Result<PathBuf, String> {
    let found = match name.contains('/') {
        true => Some(PathBuf::from(name)),
        false => search(name),
    };
    let found =
        found.ok_or_else(|| format!("find {name}: neither in $PATH nor among libraries"))?;
    let path = std::fs::canonicalize(&found);
    path.map_err(|error| format!("find {}: {error}", found.display()))
}

fn search(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let programs = env::split_paths(&path).map(|folder| folder.join(name));
    let libraries = LIBRARIES.iter().map(|folder| Path::new(folder).join(name));
    programs.chain(libraries).find(|path| path.is_file())
}
