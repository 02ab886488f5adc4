//! Debian's kernel, from its package: downloaded once, kept in the user's cache folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// Depends on the newest kernel of this release.
const NEWEST: &str = "linux-image-amd64";

/// The kernel's image.
pub(super) fn image() -> Result<PathBuf> {
    let folder = cache()?;
    let name = package().or_else(|_| {
        // A new machine has no list of packages yet.
        output("apt-get", &["update", "-qq"], &folder)?;
        package()
    })?;
    let image = folder.join(&name).join("vmlinuz");
    if !image.exists() {
        fetch(&folder, &name, &image).with_context(|| format!("bring the kernel of {name}"))?;
    }
    Ok(image)
}

fn cache() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let folder = base.or_else(home).context("find the cache folder")?;
    let folder = folder.join("thalweg").join("vm");
    fs::create_dir_all(&folder).context("make the cache folder")?;
    Ok(folder)
}

fn package() -> Result<String> {
    let words = output("apt-cache", &["depends", NEWEST], Path::new("/"))?;
    let line = words
        .lines()
        .find_map(|line| line.trim().strip_prefix("Depends: "));
    Ok(line.context("find Debian's newest kernel")?.to_owned())
}

fn fetch(cache: &Path, name: &str, image: &Path) -> Result<()> {
    let folder = cache.join(format!("{name}.new"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder)?;
    let download = |folder: &Path| output("apt-get", &["download", "-qq", name], folder);
    download(&folder).or_else(|_| {
        // The package of an old list is gone when there is a newer one.
        output("apt-get", &["update", "-qq"], &folder)?;
        download(&folder)
    })?;
    let script = "dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinuz-*' && \
                  mv boot/vmlinuz-* vmlinuz && rm -r boot ./*.deb";
    output("sh", &["-ec", script], &folder)?;
    fs::rename(&folder, image.parent().context("a folder of its own")?)?;
    Ok(())
}

fn output(program: &str, arguments: &[&str], folder: &Path) -> Result<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    let ran = command.output().with_context(|| format!("run {program}"))?;
    let words = String::from_utf8_lossy(&ran.stderr);
    ensure!(
        ran.status.success(),
        "{program} {arguments:?}: {}",
        words.trim()
    );
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}
