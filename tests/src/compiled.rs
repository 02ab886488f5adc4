//! Programs and libraries in C and C++, built by the machine's compiler when a test needs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use thalweg_testkit::finish;

use crate::world::World;

/// A source in this package's folder `c`.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("c").join(name)
}

/// Builds a source into a world's folder; the compiler must not even warn.
#[track_caller]
pub fn compile(world: &World, name: &str, output: &str, flags: &[&str]) -> PathBuf {
    let output = world.trace(output);
    let compiler = if name.ends_with(".cpp") { "g++" } else { "gcc" };
    let mut command = Command::new(compiler);
    command
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&output)
        .arg(source(name))
        .args(flags)
        .arg("-lpthread");
    let ran = finish(compiler, &mut command);
    assert!(ran.success, "{compiler} {name}: {}", ran.stderr);
    output
}
