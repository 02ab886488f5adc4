//! Event blocks: ids, names, levels, and the fields that analyses look for.

use std::collections::HashSet;

use super::rules::{Domain, Findings, of_kind};
use super::text::{Field, Statement};

/// Events of LTTng's kernel tracer on which Trace Compass's analyses rest, with their fields in
/// order: iN/uN integer of N bits, x hexadecimal, o octal, (UTF8) a character.
pub const KERNEL_EVENTS: [&str; 29] = [
    "block_rq_issue: u32 _dev; u64 _sector; u32 _nr_sector; u32 _bytes; i32 _tid; u32 _rwbs; i8(UTF8) _comm[16]",
    "i2c_write: i32 _adapter_nr; u16 _msg_nr; u16 _addr; u16 _flags; u16 _len; u16 __buf_length; u8x _buf[ __buf_length ]",
    "irq_handler_entry: i32 _irq; string _name",
    "irq_handler_exit: i32 _irq; i32 _ret",
    "lttng_statedump_end: ",
    "lttng_statedump_file_descriptor: u64x _file_table_address; i32 _fd; u32o _flags; u32x _fmode; string _filename",
    "lttng_statedump_process_state: i32 _tid; i32 _pid; i32 _ppid; i8(UTF8) _name[16]; i32 _type; i32 _mode; i32 _submode; i32 _status; u32 _cpu; u64x _file_table_address",
    "net_dev_xmit: u64x _skbaddr; i32 _rc; u32 _len; string _name",
    "power_cpu_frequency: u32 _state; u32 _cpu_id",
    "sched_migrate_task: i8(UTF8) _comm[16]; i32 _tid; i32 _prio; i32 _orig_cpu; i32 _dest_cpu",
    "sched_pi_setprio: i8(UTF8) _comm[16]; i32 _tid; i32 _oldprio; i32 _newprio",
    "sched_process_exec: string _filename; i32 _tid; i32 _old_tid",
    "sched_process_exit: i8(UTF8) _comm[16]; i32 _tid; i32 _prio",
    "sched_process_fork: i8(UTF8) _parent_comm[16]; i32 _parent_tid; i32 _parent_pid; u32 _parent_ns_inum; i8(UTF8) _child_comm[16]; i32 _child_tid; u8 __vtids_length; i32 _vtids[ __vtids_length ]; i32 _child_pid; u32 _child_ns_inum",
    "sched_process_free: i8(UTF8) _comm[16]; i32 _tid; i32 _prio",
    "sched_switch: i8(UTF8) _prev_comm[16]; i32 _prev_tid; i32 _prev_prio; i64 _prev_state; i8(UTF8) _next_comm[16]; i32 _next_tid; i32 _next_prio",
    "sched_wakeup: i8(UTF8) _comm[16]; i32 _tid; i32 _prio; i32 _target_cpu",
    "sched_wakeup_new: i8(UTF8) _comm[16]; i32 _tid; i32 _prio; i32 _target_cpu",
    "sched_waking: i8(UTF8) _comm[16]; i32 _tid; i32 _prio; i32 _target_cpu",
    "signal_deliver: i32 _sig; i32 _errno; i32 _code; u64 _sa_handler; u64 _sa_flags",
    "syscall_entry_getppid: ",
    "syscall_entry_openat: i32 _dfd; string _filename; i32 _flags; u16 _mode",
    "syscall_entry_read: u32 _fd; u64 _count",
    "syscall_exit_getppid: i64 _ret",
    "syscall_exit_openat: i64 _ret",
    "syscall_exit_read: i64 _ret; u64 _buf",
    "timer_hrtimer_cancel: u64x _hrtimer",
    "timer_hrtimer_expire_entry: u64x _hrtimer; i64 _now; u64x _function",
    "x86_irq_vectors_local_timer_entry: i32 _vector",
];

pub(super) fn check(statements: &[Statement], domain: Domain, findings: &mut Findings) {
    let streams: Vec<Option<String>> = of_kind(statements, "stream")
        .iter()
        .map(|stream| stream.value("id"))
        .collect();
    for stream in of_kind(statements, "stream") {
        if let Some(context) = stream.scope("event.context") {
            check_fields(&context.fields(), "event.context", findings);
        }
    }
    let mut ids = HashSet::new();
    for event in of_kind(statements, "event") {
        let name = event.value("name").unwrap_or_default();
        let stream = event.value("stream_id");
        let declared = stream.is_some() && streams.contains(&stream);
        findings.require(declared, "event-stream", || {
            format!("{name} is of stream {stream:?}")
        });
        let fresh = event.value("id").is_some() && ids.insert((stream, event.value("id")));
        findings.require(fresh, "event-ids", || {
            format!("{name} has id {:?}", event.value("id"))
        });
        let fields = event
            .scope("fields")
            .map(|fields| fields.fields())
            .unwrap_or_default();
        check_fields(&fields, &name, findings);
        match domain {
            Domain::Kernel => check_kernel_event(&name, &fields, findings),
            Domain::Ust => check_ust_event(event, &name, findings),
        }
    }
}

fn check_fields(fields: &[Field], event: &str, findings: &mut Findings) {
    for (at, field) in fields.iter().enumerate() {
        let name = &field.name;
        findings.require(name.starts_with('_'), "underscore", || {
            format!("{event}: {name}")
        });
        for length in field
            .lengths
            .iter()
            .filter(|length| !length.bytes().all(|b| b.is_ascii_digit()))
        {
            let before = fields[..at].iter().any(|earlier| earlier.name == *length);
            findings.require(before, "sequence-length", || {
                format!("{event}: {name}[ {length} ]")
            });
            let own = *length == format!("_{name}_length");
            findings.require(own, "sequence-length", || {
                format!("{event}: {name}[ {length} ]")
            });
        }
    }
}

fn check_kernel_event(name: &str, fields: &[Field], findings: &mut Findings) {
    let known = KERNEL_EVENTS
        .iter()
        .filter_map(|line| line.split_once(": "));
    if let Some((_, expected)) = known.into_iter().find(|(known, _)| *known == name) {
        let found: Vec<String> = fields.iter().map(Field::notation).collect();
        findings.equal(&found.join("; "), expected, "kernel-event");
    }
}

fn check_ust_event(event: &Statement, name: &str, findings: &mut Findings) {
    let (provider, own) = name.split_once(':').unwrap_or_default();
    let full = !provider.is_empty() && !own.is_empty();
    findings.require(full, "ust-name", || {
        format!("{name:?} is not provider:name")
    });
    let level = event
        .value("loglevel")
        .and_then(|level| level.parse::<u32>().ok());
    findings.require(level.is_some_and(|level| level <= 14), "ust-level", || {
        format!("{name} has level {level:?}")
    });
}
