//! Every event of this machine's kernel that LTTng knows has LTTng's fields, types and order.
//!
//! The oracle is LTTng's own listing as text: each class is written back in the listing's notation
//! and compared field by field; what differs must be in the table of deviations, with its reason.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::deviations::reason;
use common::listing::{differences, listing};
use thalweg_kbuf::{EventFormat, Naming, TraceEvent};

const EVENTS: &str = "/sys/kernel/tracing/events";
fn live_events() -> Vec<TraceEvent> {
    let mut events = Vec::new();
    for system in fs::read_dir(EVENTS).expect("tracefs must be mounted and readable: run as root") {
        let system = system.unwrap().path();
        for event in fs::read_dir(&system).into_iter().flatten() {
            let file = event.unwrap().path().join("format");
            let name = system.file_name().unwrap().to_str().unwrap();
            if name != "ftrace" && Path::new(&file).exists() {
                let text = fs::read_to_string(&file).unwrap();
                let format = EventFormat::parse(&text).unwrap_or_else(|e| panic!("{file:?}: {e}"));
                events.push(TraceEvent::new(name, &format, Naming::Lttng));
            }
        }
    }
    events
}

#[test]
fn every_event_that_lttng_knows_has_its_fields_types_and_order() {
    let listing = listing();
    let (mut compared, mut wrong) = (BTreeSet::new(), Vec::new());
    for event in live_events() {
        let Some(listed) = listing.get(event.name.as_str()) else {
            continue;
        };
        let all = differences(&event.payload, listed);
        let unargued = all
            .iter()
            .filter(|d| reason(&event.name, d, &all).is_none());
        wrong.extend(unargued.map(|d| format!("{}: {d}", event.name)));
        compared.insert(event.name.clone());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!(
        "{} of {} events of the listing are here and agree",
        compared.len(),
        listing.len()
    );
    for name in [
        "sched_switch",
        "irq_softirq_entry",
        "syscall_entry_openat",
        "signal_deliver",
    ] {
        assert!(compared.contains(name), "{name} is in every kernel");
    }
}

#[test]
fn every_event_of_this_kernel_has_a_name_of_its_own_and_fields_that_differ_in_name() {
    let mut names = BTreeSet::new();
    for event in live_events() {
        let fields: BTreeSet<&str> = event
            .payload
            .members
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(fields.len(), event.payload.members.len(), "{}", event.name);
        assert!(names.insert(event.name.clone()), "{} twice", event.name);
    }
}
