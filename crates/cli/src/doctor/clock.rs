//! The clock that kernel and programs share.

use thalweg_sys::time_stamp_counter_hz;

use super::finding::Finding;
use super::probe;

const FOLDER: &str = "/sys/devices/system/clocksource/clocksource0";

/// What keeps the time, and whether programs can read it cheaply.
pub(crate) fn findings() -> Vec<Finding> {
    let file = |name: &str| probe::line(&format!("{FOLDER}/{name}")).unwrap_or_default();
    let source = source(&file("current_clocksource"), &file("available_clocksource"));
    vec![source, frequency(time_stamp_counter_hz())]
}

fn source(current: &str, available: &str) -> Finding {
    let id = "clock.source";
    let words = format!(
        "the kernel keeps time by {}, not by the time stamp counter (tsc): \
         events carry CLOCK_MONOTONIC, which costs more to read",
        if current.is_empty() {
            "a clock that it does not name"
        } else {
            current
        }
    );
    if current == "tsc" {
        return Finding::ok(id, "tsc: the kernel trusts the time stamp counter");
    }
    if available.split_whitespace().any(|name| name == "tsc") {
        let fix = format!("echo tsc | sudo tee {FOLDER}/current_clocksource");
        return Finding::warn(id, words).fix(fix);
    }
    Finding::warn(id, words)
}

fn frequency(hz: Option<u64>) -> Finding {
    let words = match hz {
        Some(hz) => format!("{:.3} GHz", hz as f64 / 1e9),
        None => "not told by the kernel: measured when a recording begins".to_owned(),
    };
    Finding::ok("clock.frequency", words)
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_counter_that_could_be_trusted_comes_with_the_command() {
        assert_eq!(source("tsc", "tsc hpet").state, State::Ok);
        let could = source("hpet", "hpet tsc");
        assert_eq!(could.state, State::Warn);
        assert!(could.fix.unwrap().starts_with("echo tsc | sudo tee /sys/"));
        assert_eq!(source("hpet", "hpet acpi_pm").fix, None);
        assert!(source("", "").words.contains("does not name"));
    }
}
