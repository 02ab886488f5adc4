//! What stands before an event's fields: the trace's host and process, and the event's name.

use thalweg_model::{EnvValue, TraceClass};

/// `host:process:(pid) `, as far as the environment tells; empty if it tells nothing.
pub(super) fn origin(class: &TraceClass) -> String {
    let mut parts = Vec::new();
    for name in ["hostname", "procname"] {
        if let Some(EnvValue::Text(text)) = find(class, name) {
            parts.push(text.clone());
        }
    }
    if let Some(EnvValue::Integer(pid)) = find(class, "vpid") {
        parts.push(format!("({pid})"));
    }
    if parts.is_empty() {
        String::new()
    } else {
        parts.join(":") + " "
    }
}

fn find<'c>(class: &'c TraceClass, name: &str) -> Option<&'c EnvValue> {
    class
        .environment
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}
