//! Events of dynamic probes that a recording of ours has set.
//!
//! ```text
//!   thalweg_HASH_python/line { __probe_ip, arg1 … }       the kernel's format file
//!   python:line { ip, tid, arg1 … }                       LTTng's fields of a probe, then what is fetched
//! ```

use thalweg_model::FieldClass;

use super::{Made, generic};
use crate::format::{EventFormat, Field};

/// What the groups of probes begin with; 16 hexadecimal digits follow, and `_PROVIDER` or nothing.
pub const PROBE_GROUP: &str = "thalweg_";

/// The event's name without the group that only keeps recordings apart.
pub(super) fn name(group: &str, event: &str) -> Option<String> {
    let (hash, provider) = group.strip_prefix(PROBE_GROUP)?.split_at_checked(16)?;
    if !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match provider.strip_prefix('_') {
        Some(provider) => Some(format!("{provider}:{event}")),
        None => provider.is_empty().then(|| event.to_owned()),
    }
}

/// Adds the fields: those that LTTng's probes have, whose thread it was, and what is fetched.
pub(super) fn lower(format: &EventFormat, made: &mut Made) {
    let (own, fetched): (Vec<&Field>, Vec<&Field>) = format
        .fields
        .iter()
        .partition(|field| lttng_field(&field.name).is_some());
    for field in own {
        let name = lttng_field(&field.name).unwrap_or_default();
        made.integer(name, FieldClass::hex(64), field, 0);
    }
    if let Some(thread) = &format.common_pid {
        made.integer(
            "tid",
            FieldClass::Integer(generic::integer(thread)),
            thread,
            0,
        );
    }
    for field in fetched {
        generic::plain(field, made);
    }
}

fn lttng_field(name: &str) -> Option<&'static str> {
    match name {
        "__probe_ip" | "__probe_func" => Some("ip"),
        // Of a call it is fetched, of a return it is always there.
        "__probe_ret_ip" | "parent_ip" => Some("parent_ip"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_tell_the_provider_and_hide_the_recording() {
        let group = "thalweg_0123456789abcdef";
        assert_eq!(name(group, "work").as_deref(), Some("work"));
        let python = format!("{group}_python");
        assert_eq!(name(&python, "line").as_deref(), Some("python:line"));
        for other in [
            "sched",
            "thalweg_1",
            &format!("{group}x"),
            "thalweg_test_0123456789",
        ] {
            assert_eq!(name(other, "work"), None, "{other}");
        }
    }
}
