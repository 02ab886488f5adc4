//! The whole flow, from building to judging.

use anyhow::{Context as _, Result};

use crate::cargo::{cargo, run as run_command};
use crate::step::Context;

use super::{boot, guest, judge, kernel};

/// Boots the guest, and judges what it gives back.
pub(crate) fn vm(context: &Context) -> Result<()> {
    run_command(&mut cargo(context, &["build", "--package", "thalweg-cli"]))?;
    let folder = context.target.join("vm");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("empty the guest's folder")?;
    }
    std::fs::create_dir_all(&folder).context("make the guest's folder")?;
    let kernel = kernel::image()?;
    let files = guest::pack(context, &folder)?;
    boot::boot(&kernel, &files, &folder)?;
    judge::judge(&folder.join("out"))
}
