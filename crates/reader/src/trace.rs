//! A trace folder: its metadata, compiled.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thalweg_ctf::metadata::{self, MAX_BYTES};
use thalweg_ctf::read::{Decoder, Wanted};
use thalweg_model::TraceClass;

use crate::error::{Error, Kind};
use crate::predicate::Predicate;
use crate::select::Selection;
use crate::time::TimeScale;

/// A trace: one folder with metadata and streams.
#[derive(Clone, Debug)]
pub struct Trace {
    path: PathBuf,
    root: PathBuf,
    decoder: Arc<Decoder>,
    /// By stream class.
    scales: Vec<Option<TimeScale>>,
    wanted: Wanted,
    predicate: Option<Predicate>,
}

impl Trace {
    /// Reads a trace folder's metadata.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::below(folder, folder)
    }

    /// The same for a folder that was found below another one.
    pub(crate) fn below(root: &Path, folder: &Path) -> Result<Self, Error> {
        let path = folder.join("metadata");
        let bytes = read_limited(&path).map_err(|error| Error::new(&path, error))?;
        let class = metadata::parse(&bytes).map_err(|error| Error::new(&path, error))?;
        let decoder = Arc::new(Decoder::new(Arc::new(class)));
        let class = decoder.class();
        let clock = |stream| {
            decoder
                .clock_of(stream)
                .and_then(|clock| class.clocks.get(clock))
        };
        let scales = (0..class.streams.len())
            .map(|s| clock(s).map(TimeScale::of))
            .collect();
        Ok(Self {
            path: folder.to_owned(),
            root: root.to_owned(),
            decoder,
            scales,
            wanted: Wanted::default(),
            predicate: None,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that was asked for: this trace's, or one around it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the metadata says.
    pub fn class(&self) -> &Arc<TraceClass> {
        self.decoder.class()
    }

    /// The clock of a stream class, if it has one.
    pub fn scale(&self, stream_class: usize) -> Option<TimeScale> {
        self.scales.get(stream_class).copied().flatten()
    }

    /// From here on only what is selected is read.
    pub(crate) fn select(&mut self, selection: &Selection) -> Result<(), Error> {
        let mut wanted = selection.named(self.class());
        if let Some(filter) = &selection.filter {
            let predicate = Predicate::new(filter, self.class());
            let predicate = predicate.ok_or(Error::new(&self.path, Kind::FilterTooLarge))?;
            let may_pass = predicate.classes();
            wanted
                .iter_mut()
                .zip(may_pass)
                .for_each(|(wanted, may_pass)| *wanted &= may_pass);
            self.predicate = Some(predicate);
        }
        if wanted.contains(&false) {
            self.wanted = Wanted::only(wanted);
        }
        Ok(())
    }

    /// What events have to pass.
    pub(crate) const fn predicate(&self) -> Option<&Predicate> {
        self.predicate.as_ref()
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Which of its events are read.
    pub(crate) fn wanted(&self) -> &Wanted {
        &self.wanted
    }
}

/// One byte above the limit is enough for the parser to refuse the rest.
fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
