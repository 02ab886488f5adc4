//! Where an event differs from LTTng's of the same name, and why.

/// `(event, beginning of a difference, why)`; an event that ends in `*` is a prefix.
pub(crate) const DEVIATIONS: &[(&str, &str, &str)] = &[
    (
        "mm_vmscan_lru_isolate",
        "-u32 _isolate_mode",
        "gone from the kernel in 6.7",
    ),
    (
        "rcu_utilization",
        "-string _s",
        "the kernel's record has the address of a text of its own",
    ),
    (
        "rcu_utilization",
        "+u64x _s_addr",
        "the kernel's record has the address of a text of its own",
    ),
    (
        "sched_stat_runtime",
        "-u64 _vruntime",
        "gone from the kernel in 6.8",
    ),
    (
        "skb_kfree",
        "-enum : u8",
        "the kernel has given the reasons other numbers since 6.1: its own labels stand here",
    ),
    (
        "skb_kfree",
        "+enum : u8",
        "the kernel has given the reasons other numbers since 6.1: its own labels stand here",
    ),
    (
        "writeback_wbc_writepage",
        "-i32 _for_reclaim",
        "gone from the kernel in 6.17",
    ),
    // What follows is of tracefs's system calls; `--syscalls` records what lies behind the addresses.
    ("syscall_entry_connect", "-u16 _family", BEHIND),
    ("syscall_entry_connect", "-u16be _dport", BEHIND),
    ("syscall_entry_connect", "-u32 __v", BEHIND),
    ("syscall_entry_connect", "-u8be _v4addr", BEHIND),
    ("syscall_entry_connect", "-u16be _v6addr", BEHIND),
    ("syscall_entry_epoll_ctl", "-struct", BEHIND),
    ("syscall_entry_p*", "-u32 _fds_length", BEHIND),
    ("syscall_entry_p*", "-struct", BEHIND),
    ("syscall_entry_*", "-u8 _overflow", BEHIND),
    ("syscall_entry_*", "-u8 __readfds_length", BEHIND),
    ("syscall_entry_*", "-u8 __writefds_length", BEHIND),
    ("syscall_entry_*", "-u8 __exceptfds_length", BEHIND),
    ("syscall_entry_*", "-u8x _readfds", BEHIND),
    ("syscall_entry_*", "-u8x _writefds", BEHIND),
    ("syscall_entry_*", "-u8x _exceptfds", BEHIND),
    ("syscall_entry_*", "-string _", BEHIND),
];

/// Of system calls that tracefs records.
const BEHIND: &str = "behind an address, which tracefs does not follow: `--syscalls` does";
/// The same.
const NO_ARGUMENTS: &str = "tracefs tells no arguments at a call's end: `--syscalls` does";

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

/// Why an event has one of its differences; `None` if there is no reason.
pub(crate) fn reason(event: &str, difference: &str, all: &[String]) -> Option<&'static str> {
    let mut known = DEVIATIONS.iter().filter(|(pattern, beginning, _)| {
        let named = match pattern.strip_suffix('*') {
            Some(prefix) => event.starts_with(prefix),
            None => event == *pattern,
        };
        named && difference.starts_with(beginning)
    });
    let argument_at_exit = event.starts_with("syscall_exit_") && difference.starts_with('-');
    match known.next() {
        Some((.., why)) => Some(why),
        None if argument_at_exit && !difference.ends_with(" _ret") => Some(NO_ARGUMENTS),
        None if event.starts_with("syscall_entry_") && is_address_of_missing(difference, all) => {
            Some(BEHIND)
        }
        None => None,
    }
}
