//! What a trace instance can do here: one is made, tried, and removed.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use rustix::fs::OFlags;
use thalweg_kernel::Tracefs;

use super::finding::Finding;

/// An instance that goes when it is dropped. Its name is not that of a recording, so that nobody
/// takes it for one.
struct Trial {
    dir: PathBuf,
}

impl Trial {
    fn make(tracefs: &Tracefs) -> io::Result<Self> {
        let name = format!("doctor-of-thalweg-{}", std::process::id());
        let dir = tracefs.root().join("instances").join(name);
        fs::create_dir(&dir)?;
        Ok(Self { dir })
    }

    fn open_ring(&self) -> io::Result<File> {
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("O_NONBLOCK is an int");
        let path = self.dir.join("per_cpu/cpu0/trace_pipe_raw");
        OpenOptions::new().read(true).custom_flags(flags).open(path)
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // Nothing else is to be done about one that stays.
        let _ = fs::remove_dir(&self.dir);
    }
}

/// Tries everything that a recording needs of an instance.
pub(crate) fn findings(tracefs: &Tracefs) -> Vec<Finding> {
    let id = "tracefs.instance";
    let trial = match Trial::make(tracefs) {
        Ok(trial) => trial,
        Err(error) => {
            let words = format!("cannot be made: {error}");
            return vec![Finding::missing(id, words)];
        }
    };
    vec![
        Finding::ok(id, "can be made and removed"),
        pages(&trial),
        page_size(&trial),
    ]
}

fn pages(trial: &Trial) -> Finding {
    match trial.open_ring() {
        Ok(_) => Finding::ok(
            "tracefs.pages",
            "each CPU's ring can be read in whole pages",
        ),
        Err(error) => Finding::missing("tracefs.pages", format!("rings cannot be read: {error}")),
    }
}

fn page_size(trial: &Trial) -> Finding {
    let id = "tracefs.page-size";
    if trial.dir.join("buffer_subbuf_size_kb").exists() {
        return Finding::ok(id, "can be chosen");
    }
    Finding::warn(
        id,
        "fixed at 4 KiB (Linux 6.8 and later can choose): more packets, larger traces",
    )
}
