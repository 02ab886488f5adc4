//! The environment and the folders by which readers recognise a trace as LTTng's.
//!
//! ```text
//!   OUT/kernel                    domain "kernel", tracer "lttng-modules"
//!   OUT/ust/uid/1000/64-bit       domain "ust",    tracer "lttng-ust"
//! ```
//!
//! Trace Compass picks its analyses by `domain`, and the names of events and fields that they
//! expect by `tracer_name` and version; we write those of LTTng 2.13, so we say so.

use std::fs;
use std::path::{Path, PathBuf};

use thalweg_model::EnvValue;

/// The version of LTTng whose layout, names and types we write.
const LAYOUT: (i64, i64, i64) = (2, 13, 0);

/// What of the machine goes into the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// `uname -n`.
    pub hostname: String,
    /// `uname -r`.
    pub kernel_release: String,
    /// `uname -v`.
    pub kernel_version: String,
    /// The firmware's id of the machine; only root may read it, and not every machine has one.
    pub product_uuid: Option<String>,
}

impl Host {
    /// This machine.
    pub fn read() -> Self {
        Self {
            hostname: line("/proc/sys/kernel/hostname").unwrap_or_default(),
            kernel_release: line("/proc/sys/kernel/osrelease").unwrap_or_default(),
            kernel_version: line("/proc/sys/kernel/version").unwrap_or_default(),
            product_uuid: line("/sys/class/dmi/id/product_uuid").filter(|uuid| !uuid.is_empty()),
        }
    }
}

fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim_end().to_owned())
}

/// What of the recording goes into the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The session's name.
    pub name: String,
    /// When it began: seconds since the Unix epoch.
    pub created_s: i64,
}

/// An environment, in the order in which it is written.
pub type Environment = Vec<(String, EnvValue)>;

fn text(name: &str, value: &str) -> (String, EnvValue) {
    (name.to_owned(), EnvValue::Text(value.to_owned()))
}

fn number(name: &str, value: i64) -> (String, EnvValue) {
    (name.to_owned(), EnvValue::Integer(value))
}

/// The environment of a kernel trace.
pub fn kernel(host: &Host, recording: &Recording) -> Environment {
    let (major, minor, patch) = LAYOUT;
    let mut environment = vec![
        text("hostname", &host.hostname),
        text("domain", "kernel"),
        text("sysname", "Linux"),
        text("kernel_release", &host.kernel_release),
        text("kernel_version", &host.kernel_version),
        text("tracer_name", "lttng-modules"),
        number("tracer_major", major),
        number("tracer_minor", minor),
        number("tracer_patchlevel", patch),
        text("trace_buffering_scheme", "global"),
        text("trace_name", &recording.name),
        text("trace_creation_datetime", &datetime(recording.created_s)),
    ];
    environment.extend(
        host.product_uuid
            .iter()
            .map(|uuid| text("product_uuid", uuid)),
    );
    environment
}

/// The environment of a trace of one user's programs.
pub fn ust(host: &Host, recording: &Recording, programs: Programs) -> Environment {
    let (major, minor, _) = LAYOUT;
    vec![
        text("domain", "ust"),
        text("tracer_name", "lttng-ust"),
        number("tracer_major", major),
        number("tracer_minor", minor),
        text("tracer_buffering_scheme", "uid"),
        number("tracer_buffering_id", programs.uid.into()),
        number("architecture_bit_width", programs.bits.into()),
        text("trace_name", &recording.name),
        text("trace_creation_datetime", &datetime(recording.created_s)),
        text("hostname", &host.hostname),
    ]
}

/// Programs that share a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Programs {
    /// Whose they are.
    pub uid: u32,
    /// 64 or 32: how wide their addresses are.
    pub bits: u32,
}

/// The folder of the kernel's trace.
pub fn kernel_dir(out: &Path) -> PathBuf {
    out.join("kernel")
}

/// The folder of the trace of these programs.
pub fn ust_dir(out: &Path, Programs { uid, bits }: Programs) -> PathBuf {
    out.join(format!("ust/uid/{uid}/{bits}-bit"))
}

/// `20261122T195619+0000`.
pub fn datetime(unix_s: i64) -> String {
    let (days, second) = (unix_s.div_euclid(86_400), unix_s.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}+0000")
}

/// The date so many days after 1970-01-01. Years begin in March here, so that the leap day is
/// their last, and 400 of them are 146 097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let since_march_0 = days + 719_468;
    let (era, day) = (
        since_march_0.div_euclid(146_097),
        since_march_0.rem_euclid(146_097),
    );
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let january_or_later = month >= 10;
    let month = if january_or_later {
        month - 9
    } else {
        month + 3
    };
    (year + era * 400 + i64::from(january_or_later), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // `date -u -d @N +%Y%m%dT%H%M%S%z`
        for (unix_s, expected) in [
            (0, "19700101T000000+0000"),
            (951_782_399, "20000228T235959+0000"),
            (951_782_400, "20000229T000000+0000"),
            (1_709_251_199, "20240229T235959+0000"),
            (1_709_251_200, "20240301T000000+0000"),
            (1_795_377_379, "20261122T195619+0000"),
            (4_107_542_399, "21000228T235959+0000"),
            (4_107_542_400, "21000301T000000+0000"),
        ] {
            assert_eq!(datetime(unix_s), expected, "{unix_s}");
        }
    }

    #[test]
    fn this_machine_has_a_name_and_a_kernel() {
        let host = Host::read();
        assert!(!host.hostname.is_empty() && !host.kernel_release.is_empty());
    }

    #[test]
    fn folders_are_lttngs() {
        let out = Path::new("/out");
        assert_eq!(kernel_dir(out), Path::new("/out/kernel"));
        let programs = Programs {
            uid: 1000,
            bits: 64,
        };
        assert_eq!(
            ust_dir(out, programs),
            Path::new("/out/ust/uid/1000/64-bit")
        );
    }
}
