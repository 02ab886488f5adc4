//! The folder of one run: kept when the user names it, gone at the end when not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder for orders and receipts.
pub(crate) struct Scratch {
    path: PathBuf,
    is_ours: bool,
}

impl Scratch {
    /// The user's folder, made if needed, or one of our own.
    pub(crate) fn new(chosen: Option<&Path>) -> io::Result<Self> {
        let own = || std::env::temp_dir().join(format!("shop-{}", std::process::id()));
        let path = chosen.map_or_else(own, Path::to_owned);
        fs::create_dir_all(&path).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot make {}: {error}", path.display()),
            )
        })?;
        Ok(Self {
            path,
            is_ours: chosen.is_none(),
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_ours {
            // A folder in the temporary place that stays is a blemish, no reason to fail.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
