//! Debian's kernels, from their packages: downloaded once, kept in the user's cache folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::apt::{Apt, output};

/// A kernel of Debian's, and what of the guest's work it lacks: all that, and nothing else, must be told.
pub(super) struct Kernel {
    /// What a user calls it.
    pub(super) name: &'static str,
    /// Debian's suite and its archive, if not this machine's own release.
    suite: Option<(&'static str, &'static str)>,
    /// Depends on the newest such kernel of the release.
    package: &'static str,
    /// The names that the guest has for it.
    pub(super) lacks: &'static [&'static str],
}

const PLAIN: &str = "linux-image-amd64";
const BACKPORTS: &str = "bookworm-backports";

/// That of this machine's release, then the others, from the oldest on.
const KERNELS: [Kernel; 5] = [
    Kernel {
        name: "6.1",
        suite: None,
        package: PLAIN,
        lacks: &["graph", "boot-instance", "measuring", "keeping"],
    },
    Kernel {
        name: "5.10",
        suite: Some(("bullseye-security", "debian-security")),
        package: PLAIN,
        lacks: &[
            "told",
            "payload",
            "callers",
            "graph",
            "contexts",
            "watch",
            "boot-instance",
            "measuring",
            "keeping",
            "histograms",
            "synthetic-events",
        ],
    },
    Kernel {
        name: "6.1-rt",
        suite: None,
        package: "linux-image-rt-amd64",
        lacks: &["graph", "boot-instance"],
    },
    Kernel {
        name: "6.12",
        suite: Some((BACKPORTS, "debian")),
        package: PLAIN,
        lacks: &["measuring", "keeping"],
    },
    Kernel {
        name: "newest",
        suite: Some(("trixie-backports", "debian")),
        package: PLAIN,
        lacks: &["measuring", "keeping"],
    },
];

/// What a user can call those besides the first.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KERNELS[1..].iter().map(|kernel| kernel.name)
}

/// The kernel of this name; without one, that of this machine's release.
pub(super) fn find(name: Option<&str>) -> Result<&'static Kernel> {
    let mut kernels = KERNELS.iter();
    let is_meant = |kernel: &&Kernel| name.is_none_or(|name| name == kernel.name);
    kernels.find(is_meant).with_context(|| {
        let names: Vec<&str> = KERNELS.iter().map(|kernel| kernel.name).collect();
        format!("find a kernel of this name; there are {}", names.join(", "))
    })
}

/// The kernel's image.
pub(super) fn image(kernel: &Kernel) -> Result<PathBuf> {
    let folder = cache()?;
    let apt = match kernel.suite {
        None => Apt::of_machine(),
        Some((suite, archive)) => Apt::of_suite(&folder.join("apt"), suite, archive)?,
    };
    let package = package(&apt, kernel).or_else(|_| {
        // A new machine has no list of packages yet.
        apt.update()?;
        package(&apt, kernel)
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

fn package(apt: &Apt, kernel: &Kernel) -> Result<String> {
    let depends = apt.depends(kernel.package)?;
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
