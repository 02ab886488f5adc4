//! The counts for people.
//!
//! ```text
//!          1.09 ms  task-clock        0.50 CPUs
//!               49  page-faults
//!      not counted  cycles
//! in 0.002 s
//! note: cycles: …
//! ```

use std::fmt::Write as _;

use super::counted::{Counted, Row};
use crate::number::{duration, grouped};

pub(super) fn text(counted: &Counted) -> String {
    let values: Vec<String> = counted.rows.iter().map(value).collect();
    let width = values
        .iter()
        .map(|value| value.chars().count())
        .max()
        .unwrap_or(0);
    let name_width = counted
        .rows
        .iter()
        .map(|row| row.event.len())
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (row, value) in counted.rows.iter().zip(&values) {
        let line = format!(
            "  {value:>width$}  {:name_width$}{}",
            row.event,
            remark(row, counted)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = writeln!(out, "in {}", duration(counted.elapsed));
    for (why, events) in refusals(&counted.rows) {
        let _ = writeln!(out, "note: {} not counted: {why}", events.join(", "));
    }
    for note in &counted.notes {
        let _ = writeln!(out, "note: {note}");
    }
    out
}

fn value(row: &Row) -> String {
    let Ok(value) = &row.value else {
        return "not counted".to_owned();
    };
    match value.scaled() {
        Some(ns) if row.is_clock => format!("{:.2} ms", ns as f64 / 1e6),
        Some(count) => grouped(count),
        None => "not counted".to_owned(),
    }
}

fn remark(row: &Row, counted: &Counted) -> String {
    let Ok(value) = &row.value else {
        return String::new();
    };
    let (wanted, had) = (value.time_enabled_ns, value.time_running_ns);
    if had < wanted {
        let percent = had as f64 / wanted as f64 * 100.0;
        return format!("  counted for {percent:.2} % of the time, and scaled: too few counters");
    }
    let elapsed = counted.elapsed.as_nanos() as f64;
    match row.is_clock && elapsed > 0.0 {
        true => format!("  {:.2} CPUs", value.value as f64 / elapsed),
        false => String::new(),
    }
}

/// Each reason once, with the events that it is for.
fn refusals(rows: &[Row]) -> Vec<(&str, Vec<&str>)> {
    let mut refusals: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in rows {
        let Err(why) = &row.value else {
            continue;
        };
        // What it is about is said before it.
        let about = format!("use the event {}: ", row.event);
        let why = why.strip_prefix(&about).unwrap_or(why);
        match refusals.iter_mut().find(|(known, _)| *known == why) {
            Some((_, events)) => events.push(&row.event),
            None => refusals.push((why, vec![&row.event])),
        }
    }
    refusals
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use thalweg_kernel::CounterValue;

    fn row(event: &str, value: Result<(u64, u64, u64), &str>) -> Row {
        let value = value.map_err(str::to_owned);
        Row {
            event: event.to_owned(),
            is_clock: event.ends_with("clock"),
            value: value.map(|(value, time_enabled_ns, time_running_ns)| CounterValue {
                value,
                time_enabled_ns,
                time_running_ns,
            }),
        }
    }

    #[test]
    fn each_event_has_its_line_and_each_reason_one() {
        let counted = Counted {
            rows: vec![
                row("task-clock", Ok((1_090_000, 1, 1))),
                row("page-faults", Ok((12_345, 9, 9))),
                row("branches", Ok((10, 100, 50))),
                row("cycles", Err("use the event cycles: there is none")),
                row(
                    "instructions",
                    Err("use the event instructions: there is none"),
                ),
            ],
            elapsed: Duration::from_micros(2180),
            notes: vec!["a thing to know".to_owned()],
        };
        assert_eq!(
            text(&counted),
            "      1.09 ms  task-clock    0.50 CPUs\n       \
             12 345  page-faults\n           \
             20  branches      counted for 50.00 % of the time, and scaled: too few counters\n  \
             not counted  cycles\n  \
             not counted  instructions\n\
             in 0.002 s\n\
             note: cycles, instructions not counted: there is none\n\
             note: a thing to know\n"
        );
    }
}
