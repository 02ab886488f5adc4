//! A guest of QEMU's with Debian's kernel: what the kernel that we run on does not have.
//!
//! ```text
//!   Debian's package ──▶ vmlinuz ─┐
//!                                 ├─▶ qemu (no KVM) ──serial line──▶ out.tar ──▶ babeltrace2, compare
//!   thalweg, busybox, init ──cpio─┘
//! ```
//!
//! The guest says itself what it did (`NAME.exact`, `NAME.within`); what the trace of that name tells
//! must be the same. Nothing of the guest is installed or left on this machine but the kernel's package
//! in the cache folder.

mod boot;
mod cpio;
mod guest;
mod judge;
mod kernel;

use anyhow::{Context as _, Result};

use crate::cargo::{cargo, run as run_command};
use crate::step::Context;

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
