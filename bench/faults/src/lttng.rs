//! The same faults, played to LTTng 2.13.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const SCRIPT: &str = include_str!("../lttng.sh");

/// LTTng, with the program that the shared folder has for it.
pub struct Lttng {
    scratch: TempDir,
}

impl Lttng {
    /// Builds the program from its source in `peer`.
    pub fn build(peer: &Path) -> Result<Self, String> {
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut compiler = Command::new("gcc");
        compiler
            .arg("-O2")
            .arg("-o")
            .arg(scratch.path().join("program"));
        compiler.arg("-I").arg(peer);
        compiler.args(["bench.c", "tp.c"].map(|name| peer.join(name)));
        compiler.args(["-llttng-ust", "-ldl", "-lpthread"]);
        let done = compiler
            .status()
            .map_err(|error| format!("run gcc: {error}"))?;
        if !done.success() {
            return Err(format!("build the program in {}", peer.display()));
        }
        fs::write(scratch.path().join("lttng.sh"), SCRIPT).map_err(|error| error.to_string())?;
        Ok(Self { scratch })
    }

    /// Plays one fault; what is left, in words.
    pub fn play(&self, fault: &str) -> String {
        let Ok(scratch) = TempDir::new() else {
            return "no room".to_owned();
        };
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--pid", "--fork"]);
        command.args(["--kill-child", "--mount-proc", "sh"]);
        command.arg(self.scratch.path().join("lttng.sh")).arg(fault);
        command
            .arg(scratch.path())
            .arg(self.scratch.path().join("program"));
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        text.unwrap_or_else(|error| error.to_string())
            .trim()
            .to_owned()
    }
}
