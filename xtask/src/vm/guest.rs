//! What is in the guest: our command with its libraries, busybox, a program to probe, and a script.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::cpio::Archive;
use crate::step::Context;

const FOLDERS: &[&str] = &[
    "/bin",
    "/dev",
    "/lib",
    "/lib64",
    "/lib/x86_64-linux-gnu",
    "/out",
    "/proc",
    "/sys",
    "/tmp",
];
const SCRIPT: &str = include_str!("guest.sh");
/// Its parts.
const PARTS: [(&str, &str); 6] = [
    ("/boot-instance.sh", include_str!("boot-instance.sh")),
    ("/functions.sh", include_str!("functions.sh")),
    ("/contexts.sh", include_str!("contexts.sh")),
    ("/triggers.sh", include_str!("triggers.sh")),
    ("/latencies.sh", include_str!("latencies.sh")),
    ("/processors.sh", include_str!("processors.sh")),
];
/// It records beside us.
const TRACE_CMD: &str = "/usr/bin/trace-cmd";

/// Packs the guest's root folder; its archive.
pub(super) fn pack(context: &Context, folder: &Path) -> Result<PathBuf> {
    let thalweg = folder.join("thalweg");
    let built = context.target.join("debug/thalweg");
    // Most of it is for debuggers, and the guest is slow to unpack it.
    run(Command::new("strip").arg("-o").args([&thalweg, &built]))?;
    let app = folder.join("app");
    let source = context.root.join("crates/cli/tests/c/probed.c");
    run(Command::new("gcc")
        .args(["-O1", "-static", "-o"])
        .args([&app, &source]))?;
    let mut archive = Archive::default();
    FOLDERS.iter().for_each(|path| archive.folder(path));
    archive.script("/init", SCRIPT);
    for (path, text) in PARTS {
        archive.script(path, text);
    }
    archive.file("/bin/busybox", Path::new("/bin/busybox"))?;
    archive.file("/bin/app", &app)?;
    archive.file("/bin/thalweg", &thalweg)?;
    archive.file("/bin/trace-cmd", Path::new(TRACE_CMD))?;
    let mut needed = libraries(&thalweg)?;
    needed.extend(libraries(Path::new(TRACE_CMD))?);
    needed.sort();
    needed.dedup();
    for library in needed {
        archive.file(&library.to_string_lossy(), &library)?;
    }
    let path = folder.join("root.cpio");
    fs::write(&path, archive.finish()).context("write the guest's root folder")?;
    Ok(path)
}

/// What the dynamic linker would load, and itself.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let ran = Command::new("ldd")
        .arg(program)
        .output()
        .context("run ldd")?;
    let text = String::from_utf8_lossy(&ran.stdout);
    let path = |line: &str| {
        let mut words = line.split_whitespace();
        words.find(|word| word.starts_with('/')).map(PathBuf::from)
    };
    let found: Vec<PathBuf> = text.lines().filter_map(path).collect();
    ensure!(
        !found.is_empty(),
        "ldd names no library of {}",
        program.display()
    );
    Ok(found)
}

fn run(command: &mut Command) -> Result<()> {
    crate::cargo::run(command)
}
