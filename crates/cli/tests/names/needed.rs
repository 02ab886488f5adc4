//! What viewers of LTTng's traces look for by name: event, fields.

/// An event may be missing in a kernel, and then is in none of its traces.
pub(crate) const NEEDED: &[(&str, &str)] = &[
    (
        "sched_switch",
        "prev_comm prev_tid prev_prio prev_state next_comm next_tid next_prio",
    ),
    ("sched_wakeup", "comm tid prio target_cpu"),
    ("sched_wakeup_new", "comm tid prio target_cpu"),
    ("sched_waking", "comm tid prio target_cpu"),
    (
        "sched_process_fork",
        "parent_comm parent_tid parent_pid parent_ns_inum child_comm child_tid vtids child_pid \
         child_ns_inum",
    ),
    ("sched_process_exit", "comm tid prio"),
    ("sched_process_free", "comm tid prio"),
    ("sched_process_exec", "filename tid old_tid"),
    ("sched_pi_setprio", "comm tid oldprio newprio"),
    ("sched_migrate_task", "comm tid prio orig_cpu dest_cpu"),
    ("irq_handler_entry", "irq name"),
    ("irq_handler_exit", "irq ret"),
    ("irq_softirq_raise", "vec"),
    ("irq_softirq_entry", "vec"),
    ("irq_softirq_exit", "vec"),
    (
        "timer_hrtimer_start",
        "hrtimer function expires softexpires",
    ),
    ("timer_hrtimer_cancel", "hrtimer"),
    ("timer_hrtimer_expire_entry", "hrtimer now function"),
    ("timer_hrtimer_expire_exit", "hrtimer"),
    ("syscall_entry_openat", "dfd filename flags mode"),
    ("syscall_exit_openat", "ret"),
    ("syscall_exit_read", "ret buf"),
    (
        "block_rq_insert",
        "dev sector nr_sector bytes tid rwbs comm",
    ),
    ("block_rq_issue", "dev sector nr_sector bytes tid rwbs comm"),
    ("block_rq_complete", "dev sector nr_sector error rwbs"),
    ("block_bio_frontmerge", "dev sector nr_sector rwbs tid comm"),
    ("block_bio_backmerge", "dev sector nr_sector rwbs tid comm"),
    ("kmem_mm_page_alloc", "order"),
    ("kmem_mm_page_free", "order"),
    (
        "net_if_receive_skb",
        "skbaddr len name network_header_type network_header",
    ),
    (
        "net_dev_queue",
        "skbaddr len name network_header_type network_header",
    ),
    ("x86_irq_vectors_local_timer_entry", "vector"),
    ("x86_irq_vectors_local_timer_exit", "vector"),
    ("power_cpu_frequency", "state cpu_id"),
    ("kvm_x86_entry", "vcpu_id"),
    ("kvm_x86_exit", "exit_reason guest_rip isa"),
    (
        "lttng_statedump_process_state",
        "tid pid ppid name type mode submode status cpu file_table_address",
    ),
    (
        "lttng_statedump_file_descriptor",
        "file_table_address fd flags fmode filename",
    ),
    (
        "lttng_statedump_process_pid_ns",
        "tid vtid vpid vppid ns_level ns_inum",
    ),
    ("lttng_statedump_network_interface", "name address_ipv4"),
    ("lttng_statedump_block_device", "dev diskname"),
    ("lttng_statedump_interrupt", "irq name action tid"),
];
