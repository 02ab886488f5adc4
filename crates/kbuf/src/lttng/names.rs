//! LTTng's name for an event of the kernel.

use super::{PROBE_GROUP, listing, probe};

/// LTTng's name for `system:event`; the kernel's own where LTTng has no other.
pub fn lttng_name(system: &str, event: &str) -> String {
    if let Some(name) = probe::name(system, event) {
        return name;
    }
    match system {
        "syscalls" => syscall(event),
        "irq" if event.starts_with("softirq_") => prefixed("irq", event),
        "timer" if event.starts_with("hrtimer_") || event.starts_with("itimer_") => {
            prefixed("timer", event)
        }
        "kmem" if KMEM.contains(&event) => prefixed("kmem", event),
        "power" if POWER.contains(&event) => prefixed("power", event),
        "net" => net(event),
        "skb" if event == "kfree_skb" => "skb_kfree".to_owned(),
        "skb" if event == "consume_skb" => "skb_consume".to_owned(),
        "printk" if event == "console" => prefixed("printk", event),
        "preemptirq" => prefixed("preemptirq", event),
        "irq_vectors" => prefixed("x86_irq_vectors", event),
        "exceptions" if event.starts_with("page_fault_") => prefixed("x86_exceptions", event),
        "kvm" => kvm(event),
        "synthetic" => synthetic(event).unwrap_or(event).to_owned(),
        "asoc" | "writeback" => listed_or_own(system, event),
        _ => event.to_owned(),
    }
}

/// What a recording of ours calls its synthetic event, whose kernel's name only keeps recordings apart.
fn synthetic(event: &str) -> Option<&str> {
    let (hash, name) = event.strip_prefix(PROBE_GROUP)?.split_at_checked(16)?;
    let is_ours = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.strip_prefix('_').filter(|_| is_ours)
}

const KMEM: [&str; 14] = [
    "kfree",
    "kmalloc",
    "kmalloc_node",
    "kmem_cache_alloc",
    "kmem_cache_alloc_node",
    "kmem_cache_free",
    "mm_page_alloc",
    "mm_page_alloc_extfrag",
    "mm_page_alloc_zone_locked",
    "mm_page_free",
    "mm_page_free_batched",
    "mm_page_free_direct",
    "mm_page_pcpu_drain",
    "mm_pagevec_free",
];

const POWER: [&str; 12] = [
    "clock_disable",
    "clock_enable",
    "clock_set_rate",
    "cpu_frequency",
    "cpu_idle",
    "domain_target",
    "machine_suspend",
    "power_domain_target",
    "suspend_resume",
    "wakeup_source_activate",
    "wakeup_source_deactivate",
    "device_pm_callback_start",
];

/// The x86 part of KVM; its common part has the kernel's names.
const KVM_X86: [&str; 24] = [
    "apic",
    "apic_accept_irq",
    "apic_ipi",
    "cpuid",
    "cr",
    "emulate_insn",
    "entry",
    "eoi",
    "exit",
    "hv_hypercall",
    "hypercall",
    "inj_exception",
    "inj_virq",
    "invlpga",
    "msr",
    "nested_intercepts",
    "nested_intr_vmexit",
    "nested_vmexit",
    "nested_vmexit_inject",
    "nested_vmrun",
    "page_fault",
    "pic_set_irq",
    "pio",
    "pv_eoi",
];

fn prefixed(prefix: &str, event: &str) -> String {
    match event.strip_prefix(prefix) {
        Some(rest) if rest.starts_with('_') && prefix != "kmem" => event.to_owned(),
        _ => format!("{prefix}_{event}"),
    }
}

fn syscall(event: &str) -> String {
    if let Some(call) = event.strip_prefix("sys_enter_") {
        return format!("syscall_entry_{call}");
    }
    match event.strip_prefix("sys_exit_") {
        Some(call) => format!("syscall_exit_{call}"),
        None => event.to_owned(),
    }
}

fn net(event: &str) -> String {
    if event.starts_with("napi_gro_") {
        return prefixed("net", event);
    }
    match event.strip_prefix("netif_") {
        Some(rest) => format!("net_if_{rest}"),
        None => event.to_owned(),
    }
}

fn kvm(event: &str) -> String {
    match event.strip_prefix("kvm_") {
        Some(rest) if KVM_X86.contains(&rest) => format!("kvm_x86_{rest}"),
        _ => event.to_owned(),
    }
}

fn listed_or_own(prefix: &str, event: &str) -> String {
    let name = prefixed(prefix, event);
    if listing::fields(&name).is_some() {
        name
    } else {
        event.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lttngs_where_it_has_its_own() {
        for (kernel, lttng) in [
            ("sched:sched_switch", "sched_switch"),
            ("irq:softirq_raise", "irq_softirq_raise"),
            ("irq:irq_handler_entry", "irq_handler_entry"),
            ("timer:hrtimer_start", "timer_hrtimer_start"),
            ("timer:itimer_state", "timer_itimer_state"),
            ("timer:timer_start", "timer_start"),
            ("kmem:kmalloc", "kmem_kmalloc"),
            ("kmem:mm_page_free", "kmem_mm_page_free"),
            ("kmem:rss_stat", "rss_stat"),
            ("net:netif_receive_skb", "net_if_receive_skb"),
            ("net:netif_rx_entry", "net_if_rx_entry"),
            ("net:napi_gro_frags_exit", "net_napi_gro_frags_exit"),
            ("net:net_dev_queue", "net_dev_queue"),
            ("skb:kfree_skb", "skb_kfree"),
            ("skb:consume_skb", "skb_consume"),
            ("power:cpu_idle", "power_cpu_idle"),
            ("power:power_domain_target", "power_domain_target"),
            ("printk:console", "printk_console"),
            ("preemptirq:irq_disable", "preemptirq_irq_disable"),
            (
                "irq_vectors:local_timer_entry",
                "x86_irq_vectors_local_timer_entry",
            ),
            (
                "exceptions:page_fault_user",
                "x86_exceptions_page_fault_user",
            ),
            ("kvm:kvm_entry", "kvm_x86_entry"),
            ("kvm:kvm_mmio", "kvm_mmio"),
            (
                "writeback:balance_dirty_pages",
                "writeback_balance_dirty_pages",
            ),
            ("writeback:writeback_queue", "writeback_queue"),
            ("syscalls:sys_enter_openat", "syscall_entry_openat"),
            ("syscalls:sys_exit_openat", "syscall_exit_openat"),
            ("xfs:xfs_iget_hit", "xfs_iget_hit"),
            ("synthetic:thalweg_0123456789abcdef_wakeup", "wakeup"),
            ("synthetic:thalweg_wakeup", "thalweg_wakeup"),
        ] {
            let (system, event) = kernel.split_once(':').unwrap();
            assert_eq!(lttng_name(system, event), lttng, "{kernel}");
        }
    }
}
