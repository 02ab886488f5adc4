//! Debian's kernels, from their packages: downloaded once, kept in the user's cache folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::apt::{Apt, output};

/// Depends on the newest kernel of its release.
const NEWEST: &str = "linux-image-amd64";

/// The kernels besides this machine's own release's, by what a user calls them: Debian's suite and
/// its archive.
const OTHERS: [(&str, &str, &str); 3] = [
    ("5.10", "bullseye-security", "debian-security"),
    ("6.12", "bookworm-backports", "debian"),
    ("newest", "trixie-backports", "debian"),
];

/// What a user can call them.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().map(|(name, ..)| *name)
}

/// The kernel's image: that of this machine's release, or one of the others.
pub(super) fn image(name: Option<&str>) -> Result<PathBuf> {
    let folder = cache()?;
    let apt = match name {
        None => Apt::of_machine(),
        Some(name) => match OTHERS.iter().find(|(known, ..)| *known == name) {
            Some((_, suite, archive)) => Apt::of_suite(&folder.join("apt"), suite, archive)?,
            None => bail!(
                "no kernel `{name}`; there are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        },
    };
    let package = package(&apt).or_else(|_| {
        // A new machine has no list of packages yet.
        apt.update()?;
        package(&apt)
    })?;
    let image = folder.join(&package).join("vmlinuz");
    if !image.exists() {
        fetch(&apt, &folder, &package).with_context(|| format!("bring the kernel of {package}"))?;
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

fn package(apt: &Apt) -> Result<String> {
    let depends = apt.depends(NEWEST)?;
    let mut images = depends
        .into_iter()
        .filter(|name| name.starts_with("linux-image-"));
    images.next().context("find Debian's newest kernel")
}

fn fetch(apt: &Apt, cache: &Path, name: &str) -> Result<()> {
    let folder = cache.join(format!("{name}.new"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder)?;
    // Since 7.0 the image has a package of its own, on which the one of old depends.
    let of_old = apt.depends(name).unwrap_or_default();
    let mut binary = of_old
        .iter()
        .filter(|name| name.starts_with("linux-binary-"));
    let package = binary.next().map_or(name, String::as_str);
    apt.download(package, &folder).or_else(|_| {
        // The package of an old list is gone when there is a newer one.
        apt.update()?;
        apt.download(package, &folder)
    })?;
    let script = "dpkg-deb --fsys-tarfile ./*.deb >all.tar && \
        tar -xf all.tar $(tar -tf all.tar | grep -E '/vmlinuz(-[^/]*)?$') && \
        find . -name 'vmlinuz*' -exec mv {} vmlinuz ';' && rm -rf boot usr all.tar ./*.deb";
    output("sh", &["-ec".to_owned(), script.to_owned()], &folder)?;
    fs::rename(&folder, cache.join(name))?;
    Ok(())
}
