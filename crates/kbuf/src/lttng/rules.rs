//! Which kernel field fills a field of LTTng's when the names differ.
//!
//! Two rules hold everywhere: LTTng says `tid` where the kernel's `pid` is a thread, and it counts
//! `sched` priorities from 100 down, so that ordinary tasks have 20 and the idle task 20 too.

use crate::format::{EventFormat, Field};

/// What LTTng takes off the kernel's priorities.
const MAX_RT_PRIO: i32 = 100;

/// The kernel's field for `field` of LTTng's `event`, if it has one.
pub(crate) fn source<'a>(event: &str, field: &str, format: &'a EventFormat) -> Option<&'a Field> {
    if let Some(renamed) = renamed(event, field) {
        return find(format, renamed);
    }
    format
        .field(field)
        .or_else(|| format.field(&field.replace("tid", "pid")))
}

fn find<'a>(format: &'a EventFormat, name: &str) -> Option<&'a Field> {
    match name {
        "common_pid" => format.common_pid.as_ref(),
        _ => format.field(name),
    }
}

/// What to add to the kernel's number to have LTTng's.
pub(super) fn offset(event: &str, field: &str) -> i32 {
    if event.starts_with("sched_") && field.ends_with("prio") {
        -MAX_RT_PRIO
    } else {
        0
    }
}

/// `(event, LTTng's field, the kernel's field)`; an event that ends in `*` is a prefix. The first
/// line that matches counts.
const RENAMED: &[(&str, &str, &str)] = &[
    ("irq_softirq_*", "name", "vec"),
    // LTTng reads the current thread, which every record of the kernel's begins with.
    ("block_*", "tid", "common_pid"),
    // The kernel's `parent_pid` and `child_pid` are threads (LTTng's `_tid`); processes it does
    // not tell.
    ("sched_process_fork", "parent_pid", ""),
    ("sched_process_fork", "child_pid", ""),
    // LTTng's name for it is older than the kernel's.
    ("mm_vmscan_lru_isolate", "classzone_idx", "highest_zoneidx"),
    // A packet is queued for the socket that has its destination's port.
    ("udp_fail_queue_rcv_skb", "lport", "dport"),
    (
        "mm_vmscan_lru_shrink_inactive",
        "nr_activate_anon",
        "nr_activate0",
    ),
    (
        "mm_vmscan_lru_shrink_inactive",
        "nr_activate_file",
        "nr_activate1",
    ),
    (
        "writeback_balance_dirty_pages",
        "bdi_setpoint",
        "wb_setpoint",
    ),
    ("writeback_balance_dirty_pages", "bdi_dirty", "wb_dirty"),
    ("syscall_entry_clone", "flags", "clone_flags"),
    ("syscall_entry_clone", "parent_tid", "parent_tidptr"),
    ("syscall_entry_clone", "child_tid", "child_tidptr"),
    ("syscall_entry_epoll_ctl", "op_enum", "op"),
    ("syscall_entry_getcpu", "tcache", "unused"),
    ("syscall_entry_mmap", "offset", "off"),
    ("syscall_entry_socketpair", "socket", "usockvec"),
    ("syscall_entry_p*", "fds", "ufds"),
    ("syscall_entry_pselect6", "tvp", "tsp"),
    ("syscall_entry_*", "readfds", "inp"),
    ("syscall_entry_*", "writefds", "outp"),
    ("syscall_entry_*", "exceptfds", "exp"),
];

fn renamed(event: &str, field: &str) -> Option<&'static str> {
    RENAMED
        .iter()
        .find(|(pattern, lttng, _)| *lttng == field && matches(pattern, event))
        .map(|(_, _, kernel)| *kernel)
}

fn matches(pattern: &str, event: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => event.starts_with(prefix),
        None => pattern == event,
    }
}
