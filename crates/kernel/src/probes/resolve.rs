//! From what a user says to what the kernel is told.

use std::fmt;
use std::path::PathBuf;

use super::functions::KernelFunctions;
use super::program::Program;
use super::spec::{PlaceSpec, ProbeSpec};
use crate::{Error, Tracefs};

/// The most places of one probe: more are meant by mistake.
pub(super) const MAX_PLACES: usize = 1000;

/// A probe of the kernel's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whose it is: an SDT probe's provider, or the program; none of the kernel's functions, and if the
    /// user has named it alone.
    pub provider: Option<String>,
    /// Its event's name.
    pub name: String,
    /// Whether it tells of a function's return.
    pub is_return: bool,
    /// Where it lies.
    pub target: Target,
    /// What it fetches, as `NAME=FETCH:TYPE`.
    pub arguments: Vec<String>,
    /// Which of its events are wanted.
    pub filter: Option<String>,
}

/// Where a probe lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// In a program or library.
    Program {
        /// The file.
        file: PathBuf,
        /// Where in it.
        offset: u64,
        /// Where in it the counter is of those who look.
        semaphore_offset: Option<u64>,
    },
    /// In the kernel: `SYMBOL` or `SYMBOL+OFFSET`.
    Kernel(String),
}

/// As a user would say it.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { file, offset, .. } => write!(f, "{}:+{offset:#x}", file.display()),
            Self::Kernel(place) => f.write_str(place),
        }
    }
}

/// The probes that are meant, and what of them cannot be had.
///
/// # Errors
/// A file cannot be read, or there is no such place.
pub fn resolve_probes(
    tracefs: &Tracefs,
    specs: &[ProbeSpec],
) -> Result<(Vec<Probe>, Vec<String>), Error> {
    let (mut probes, mut notes) = (Vec::new(), Vec::new());
    let mut functions = None;
    for spec in specs {
        let found = match &spec.place {
            PlaceSpec::Kernel { pattern, offset } => functions
                .get_or_insert_with(|| KernelFunctions::read(tracefs))
                .probes(spec, pattern, *offset, &mut notes),
            place => Program::open(spec, place.file()).and_then(|found| found.probes(&mut notes)),
        };
        let found = found.and_then(check_count).map_err(|why| Error::Probe {
            probe: spec.to_string(),
            why,
        })?;
        probes.extend(found);
    }
    Ok((probes, notes))
}

fn check_count(probes: Vec<Probe>) -> Result<Vec<Probe>, String> {
    match probes.len() {
        0..=MAX_PLACES => Ok(probes),
        count => Err(format!(
            "{count} places are meant, and {MAX_PLACES} are the most"
        )),
    }
}
