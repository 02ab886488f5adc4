//! The folder of a trace: a name that nobody has yet.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Zoned;

use crate::exit::{Failure, RECORD_FAILED};

/// The folder that was asked for, or a new one in the current folder. Nothing is created.
pub(crate) fn choose(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(asked) = asked else {
        let name = name_for(&Zoned::now());
        return Ok(first_free(&name, |path| path.symlink_metadata().is_ok()));
    };
    if asked.symlink_metadata().is_ok() {
        let words = format!(
            "create {}: it exists already; choose another folder with -o, or remove it",
            asked.display()
        );
        return Err(Failure::words(RECORD_FAILED, words));
    }
    make_parents(asked)?;
    Ok(asked.to_owned())
}

fn make_parents(path: &Path) -> Result<(), Failure> {
    let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    else {
        return Ok(());
    };
    fs::create_dir_all(parent).map_err(|error| {
        Failure::words(
            RECORD_FAILED,
            format!("create {}: {error}", parent.display()),
        )
    })
}

/// The date and the time of day where the user is.
fn name_for(time: &Zoned) -> String {
    time.strftime("thalweg-trace-%Y%m%d-%H%M%S").to_string()
}

/// `name`, or `name-2`, `name-3` and so on.
fn first_free(name: &str, exists: impl Fn(&Path) -> bool) -> PathBuf {
    let names = (2_u32..).map(|number| PathBuf::from(format!("{name}-{number}")));
    std::iter::once(PathBuf::from(name))
        .chain(names)
        .find(|path| !exists(path))
        .expect("there are more numbers than files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let time = jiff::civil::datetime(2026, 7, 1, 9, 5, 0, 0);
        let name = name_for(&time.to_zoned(jiff::tz::TimeZone::UTC).unwrap());
        assert_eq!(name, "thalweg-trace-20260701-090500");
        assert_eq!(first_free(&name, |_| false), Path::new(&name));
        let taken = [name.clone(), format!("{name}-2")];
        let free = first_free(&name, |path| {
            taken.iter().any(|name| Path::new(name) == path)
        });
        assert_eq!(free, PathBuf::from(format!("{name}-3")));
    }
}
