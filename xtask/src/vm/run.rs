//! The whole flow, from building to judging.

use anyhow::{Context as _, Result};

use crate::cargo::{cargo, run as run_command};
use crate::step::Context;

use super::{boot, guest, judge, kernel};

/// Boots a guest with the kernel of this machine's release, and judges what it gives back.
pub(crate) fn vm(context: &Context) -> Result<()> {
    vm_of(context, None)
}

/// The same with each of the other kernels.
pub(crate) fn vms(context: &Context) -> Result<()> {
    for name in kernel::names() {
        println!("the guest has Debian's kernel {name}");
        vm_of(context, Some(name)).with_context(|| format!("the guest with {name}"))?;
    }
    Ok(())
}

/// The same with the kernel of this name.
pub(crate) fn vm_of(context: &Context, name: Option<&str>) -> Result<()> {
    run_command(&mut cargo(context, &["build", "--package", "thalweg-cli"]))?;
    let kernel = kernel::find(name)?;
    let folder = context.target.join("vm").join(kernel.name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("empty the guest's folder")?;
    }
    std::fs::create_dir_all(&folder).context("make the guest's folder")?;
    let image = kernel::image(kernel)?;
    let files = guest::pack(context, &folder)?;
    boot::boot(&image, &files, &folder)?;
    judge::judge(&folder.join("out"), kernel.lacks)
}
