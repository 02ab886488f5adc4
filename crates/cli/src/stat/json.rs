//! The counts for programs.

use serde_json::{Value, json};

use super::counted::{Counted, Row};

/// What changes when a field goes or means something else.
const VERSION: u32 = 1;

pub(super) fn json(counted: &Counted) -> String {
    let events: Vec<Value> = counted.rows.iter().map(event).collect();
    let whole = json!({
        "version": VERSION,
        "elapsed_ns": u64::try_from(counted.elapsed.as_nanos()).unwrap_or(u64::MAX),
        "events": events,
        "notes": counted.notes,
    });
    format!("{whole:#}\n")
}

fn event(row: &Row) -> Value {
    let unit = if row.is_clock { "ns" } else { "events" };
    match &row.value {
        Err(why) => json!({ "event": row.event, "unit": unit, "value": null, "why": why }),
        Ok(value) => json!({
            "event": row.event,
            "unit": unit,
            "value": value.scaled(),
            "counted": value.value,
            "time_enabled_ns": value.time_enabled_ns,
            "time_running_ns": value.time_running_ns,
        }),
    }
}
