//! The kernel and what it allows.

use std::path::Path;

use rustix::system::uname;

use super::finding::Finding;
use super::probe;

/// What the kernel is.
pub(crate) fn findings() -> Vec<Finding> {
    vec![
        release(),
        lockdown(probe::line("/sys/kernel/security/lockdown").as_deref()),
        perf(),
        bpf(),
    ]
}

fn release() -> Finding {
    let name = uname();
    let words = format!(
        "Linux {} {}",
        name.release().to_string_lossy(),
        name.machine().to_string_lossy()
    );
    if cfg!(target_arch = "x86_64") {
        return Finding::ok("kernel.release", words);
    }
    Finding::missing(
        "kernel.release",
        format!("{words}: only x86_64 is supported"),
    )
}

/// Integrity hides nothing that is used; confidentiality hides tracefs.
fn lockdown(text: Option<&str>) -> Finding {
    let id = "kernel.lockdown";
    match text.map(|text| probe::selected(text).unwrap_or(text)) {
        None => Finding::ok(id, "off (not in this kernel)"),
        Some("confidentiality") => Finding::missing(
            id,
            "confidentiality: the kernel shows its events to nobody, root included; \
             boot with lockdown=integrity or lockdown=none",
        ),
        Some(mode) => Finding::ok(id, mode),
    }
}

/// Only the clock's frequency is asked of perf, and it can be measured instead.
fn perf() -> Finding {
    let words = match probe::number("/proc/sys/kernel/perf_event_paranoid") {
        None => "not in this kernel, not needed".to_owned(),
        Some(level) => format!("perf_event_paranoid is {level}, any will do"),
    };
    Finding::ok("kernel.perf", words)
}

/// Nothing uses it yet that would be missed: what is there is told, and is no fault.
fn bpf() -> Finding {
    let btf = if Path::new("/sys/kernel/btf/vmlinux").exists() {
        "with"
    } else {
        "without"
    };
    let users = match probe::number("/proc/sys/kernel/unprivileged_bpf_disabled") {
        Some(0) => "for all users",
        Some(_) => "for root",
        None => "not in this kernel",
    };
    Finding::ok(
        "kernel.bpf",
        format!("{users}, {btf} type information (BTF)"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn only_confidentiality_is_in_the_way() {
        let state = |text| lockdown(text).state;
        assert_eq!(state(None), State::Ok);
        assert_eq!(state(Some("none [integrity] confidentiality")), State::Ok);
        assert_eq!(
            state(Some("none integrity [confidentiality]")),
            State::Missing
        );
    }
}
