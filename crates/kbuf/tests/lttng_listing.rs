//! Every event of this machine's kernel that LTTng knows has LTTng's fields, types and order.
//!
//! The oracle is LTTng's own listing as text: each class is written back in the listing's notation
//! and compared field by field; what differs must be in the table of deviations, with its reason,
//! and every line of that table must be needed.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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

/// `(event, beginning of a difference, why)`; an event that ends in `*` is a prefix.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    (
        "kvm_mmio",
        "-u32 __val_length",
        "the kernel gives eight bytes as one number",
    ),
    (
        "kvm_mmio",
        "-u8x _val",
        "the kernel gives eight bytes as one number",
    ),
    (
        "mm_vmscan_lru_isolate",
        "-i32 _classzone_idx",
        "called highest_zoneidx since 5.8, with another meaning",
    ),
    (
        "mm_vmscan_lru_isolate",
        "-u32 _isolate_mode",
        "gone from the kernel in 6.8",
    ),
    (
        "net_dev_queue",
        "-enum",
        "the packet's headers are not in the kernel's record",
    ),
    (
        "net_dev_queue",
        "-variant",
        "the packet's headers are not in the kernel's record",
    ),
    (
        "net_if_r*",
        "-enum",
        "the packet's headers are not in the kernel's record",
    ),
    (
        "net_if_r*",
        "-variant",
        "the packet's headers are not in the kernel's record",
    ),
    (
        "rcu_utilization",
        "-string _s",
        "a pointer to the kernel's own text",
    ),
    (
        "rcu_utilization",
        "+u64x _s_addr",
        "a pointer to the kernel's own text",
    ),
    (
        "sched_process_fork",
        "-i32 _parent_pid",
        "the kernel gives threads only",
    ),
    (
        "sched_process_fork",
        "-i32 _child_pid",
        "the kernel gives threads only",
    ),
    (
        "sched_process_fork",
        "-u32 _parent_ns_inum",
        "not in the kernel's record",
    ),
    (
        "sched_process_fork",
        "-u32 _child_ns_inum",
        "not in the kernel's record",
    ),
    (
        "sched_process_fork",
        "-u8 __vtids_length",
        "not in the kernel's record",
    ),
    (
        "sched_process_fork",
        "-i32 _vtids",
        "not in the kernel's record",
    ),
    (
        "sched_stat_runtime",
        "-u64 _vruntime",
        "gone from the kernel in 6.8",
    ),
    (
        "udp_fail_queue_rcv_skb",
        "-u16 _lport",
        "the kernel gives source and destination since 6.10",
    ),
    (
        "writeback_wbc_writepage",
        "-i32 _for_reclaim",
        "gone from the kernel in 6.17",
    ),
    (
        "syscall_entry_connect",
        "-u16 _family",
        "behind the address",
    ),
    (
        "syscall_entry_connect",
        "-u16be _dport",
        "behind the address",
    ),
    ("syscall_entry_connect", "-u32 __v", "behind the address"),
    (
        "syscall_entry_connect",
        "-u8be _v4addr",
        "behind the address",
    ),
    (
        "syscall_entry_connect",
        "-u16be _v6addr",
        "behind the address",
    ),
    ("syscall_entry_epoll_ctl", "-struct", "behind the address"),
    ("syscall_entry_p*", "-u32 _fds_length", "behind the address"),
    ("syscall_entry_p*", "-struct", "behind the address"),
    (
        "syscall_entry_*",
        "-u8 _overflow",
        "says whether the sets, which are not there, were cut",
    ),
    (
        "syscall_entry_*",
        "-u8 __readfds_length",
        "behind the address",
    ),
    (
        "syscall_entry_*",
        "-u8 __writefds_length",
        "behind the address",
    ),
    (
        "syscall_entry_*",
        "-u8 __exceptfds_length",
        "behind the address",
    ),
    ("syscall_entry_*", "-u8x _readfds", "behind the address"),
    ("syscall_entry_*", "-u8x _writefds", "behind the address"),
    ("syscall_entry_*", "-u8x _exceptfds", "behind the address"),
    ("syscall_entry_*", "-string _", "behind the address"),
];

/// The pointer that stands for what it points to must come with a field that is missing.
fn is_address_of_missing(difference: &str, all: &[String]) -> bool {
    let Some(name) = difference
        .strip_prefix("+u64x _")
        .and_then(|d| d.strip_suffix("_addr"))
    else {
        return false;
    };
    all.iter()
        .any(|d| d.starts_with('-') && d.contains(&format!(" _{name}")))
}

fn is_argued(event: &str, difference: &str, all: &[String]) -> bool {
    let known = DEVIATIONS.iter().any(|(pattern, beginning, _)| {
        let named = match pattern.strip_suffix('*') {
            Some(prefix) => event.starts_with(prefix),
            None => event == *pattern,
        };
        named && difference.starts_with(beginning)
    });
    // tracefs shows a syscall's result at its exit and none of its arguments.
    let argument_at_exit = event.starts_with("syscall_exit_") && difference.starts_with('-');
    known
        || argument_at_exit && !difference.ends_with(" _ret")
        || event.starts_with("syscall_entry_") && is_address_of_missing(difference, all)
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
        let unargued = all.iter().filter(|d| !is_argued(&event.name, d, &all));
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
