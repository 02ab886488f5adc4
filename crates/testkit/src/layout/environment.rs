//! What Trace Compass and people recognise a trace by.

use super::rules::{Domain, Findings, of_kind};
use super::text::Statement;

const BOTH: [&str; 7] = [
    "hostname",
    "domain",
    "tracer_name",
    "tracer_major",
    "tracer_minor",
    "trace_name",
    "trace_creation_datetime",
];
const KERNEL: [&str; 5] = [
    "sysname",
    "kernel_release",
    "kernel_version",
    "tracer_patchlevel",
    "trace_buffering_scheme",
];
const UST: [&str; 3] = [
    "tracer_buffering_scheme",
    "tracer_buffering_id",
    "architecture_bit_width",
];

pub(super) fn check(statements: &[Statement], domain: Domain, findings: &mut Findings) {
    let environments = of_kind(statements, "env");
    let [env] = environments.as_slice() else {
        return findings.require(false, "env", || {
            format!("{} env blocks", environments.len())
        });
    };
    let (name, tracer, own) = match domain {
        Domain::Kernel => ("kernel", "lttng-modules", &KERNEL[..]),
        Domain::Ust => ("ust", "lttng-ust", &UST[..]),
    };
    for key in BOTH.iter().chain(own) {
        findings.require(env.value(key).is_some(), "env-fields", || {
            format!("no {key}")
        });
    }
    let value = |key: &str| env.value(key).unwrap_or_default();
    findings.equal(&value("domain"), name, "env-domain");
    findings.equal(&value("tracer_name"), tracer, "env-tracer");
    // The quotes count: Trace Compass compares with them.
    for key in ["domain", "tracer_name"] {
        let text = env
            .scope(key)
            .map(|value| value.words())
            .unwrap_or_default();
        findings.require(text.starts_with('"'), "env-quotes", || {
            format!("{key} = {text}")
        });
    }
    let version = (
        value("tracer_major").parse::<u32>(),
        value("tracer_minor").parse::<u32>(),
    );
    // From here on, the newest event layout is expected, and no quirk of old tracers.
    let new = matches!(version, (Ok(major), Ok(minor)) if (major, minor) >= (2, 11));
    findings.require(new, "env-version", || format!("{version:?}"));
    check_scheme(domain, &value, findings);
    check_datetime(&value("trace_creation_datetime"), findings);
}

fn check_scheme(domain: Domain, value: &dyn Fn(&str) -> String, findings: &mut Findings) {
    match domain {
        Domain::Kernel => findings.equal(&value("trace_buffering_scheme"), "global", "env-scheme"),
        Domain::Ust => {
            let scheme = value("tracer_buffering_scheme");
            let known = ["uid", "pid"].contains(&scheme.as_str());
            findings.require(known, "env-scheme", || scheme);
        }
    }
}

/// `20261122T195619+0000`.
fn check_datetime(text: &str, findings: &mut Findings) {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let shape = shape.replace('-', "+");
    findings.require(shape == "00000000T000000+0000", "env-datetime", || {
        text.to_owned()
    });
}
