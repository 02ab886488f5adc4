//! Programs that read our traces, or trace beside us.

use std::env;

use super::finding::Finding;

const OTHERS: &[&str] = &["perf", "trace-cmd", "bpftrace", "lttng"];

/// Which of them are installed.
pub(crate) fn findings() -> Vec<Finding> {
    let reader = match is_installed("babeltrace2") {
        true => Finding::ok("tools.babeltrace2", "installed: reads the traces, too"),
        false => Finding::warn(
            "tools.babeltrace2",
            "not installed: only thalweg reads the traces on this machine",
        )
        .fix("sudo apt-get install babeltrace2"),
    };
    let found: Vec<&str> = OTHERS
        .iter()
        .copied()
        .filter(|name| is_installed(name))
        .collect();
    let others = match found.as_slice() {
        [] => "none installed, none needed".to_owned(),
        found => format!("{}: installed, not needed", found.join(", ")),
    };
    vec![reader, Finding::ok("tools.others", others)]
}

fn is_installed(name: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(name).is_file())
}
