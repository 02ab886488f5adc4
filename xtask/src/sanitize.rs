//! The stress tests of the crates that contain `unsafe`, under the compiler's sanitizers.
//!
//! Std is built with the sanitizer too where its source is installed; where it is not, a report
//! that lies wholly inside of std's own synchronisation would be false, and fails all the same:
//! none was seen so far.

use anyhow::Result;

use crate::cargo::{allow_unstable, tests};
use crate::step::Context;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const CRATES: &[&str] = &["thalweg-ring", "thalweg-sys", "thalweg"];

/// Use after free, out of bounds, leaks.
pub(crate) fn address(context: &Context) -> Result<()> {
    sanitized(context, "address")
}

/// Data races.
pub(crate) fn thread(context: &Context) -> Result<()> {
    sanitized(context, "thread")
}

fn sanitized(context: &Context, sanitizer: &str) -> Result<()> {
    let packages = CRATES.iter().flat_map(|name| ["--package", name]);
    let arguments: Vec<&str> = packages.chain(["--target", TRIPLE]).collect();
    tests(context, &arguments, |command| {
        let flags = format!("-Zsanitizer={sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer");
        command
            .env("RUSTFLAGS", flags)
            .env("THALWEG_SANITIZER", sanitizer)
            .env("CARGO_TARGET_DIR", context.target.join(sanitizer));
        allow_unstable(command);
    })
}
