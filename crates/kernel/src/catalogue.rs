//! The events of this kernel, and which of them a rule means.
//!
//! A rule's pattern is, first match counts:
//! 1. `subsystem:event`, both with wild cards, names as the kernel has them;
//! 2. a name or glob over the names in the trace (`irq_softirq_*`, `syscall_entry_openat`);
//! 3. a name or glob over the kernel's names (`softirq_*`, `sys_enter_openat`);
//! 4. a subsystem (`sched`, `syscalls`).

use thalweg_filter::near_names;
use thalweg_kbuf::{PROBE_GROUP, lttng_name};

use crate::{Error, glob};

/// An event that this kernel has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownEvent {
    /// The kernel's subsystem.
    pub system: String,
    /// The kernel's name.
    pub kernel_name: String,
    /// The name under LTTng's naming.
    pub name: String,
}

impl KnownEvent {
    /// `subsystem:event`, as tracefs writes it.
    pub fn path(&self) -> String {
        format!("{}:{}", self.system, self.kernel_name)
    }

    /// Whether it is a probe, or a synthetic event, that a recording of ours has made for itself.
    pub(crate) fn is_own(&self) -> bool {
        is_own(&self.system, &self.kernel_name)
    }
}

/// As [`KnownEvent::is_own`].
pub(crate) fn is_own(system: &str, event: &str) -> bool {
    system.starts_with(PROBE_GROUP) || (system == "synthetic" && event.starts_with(PROBE_GROUP))
}

/// The events of `available_events`.
pub(crate) fn parse(text: &str) -> Vec<KnownEvent> {
    text.lines()
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(system, event)| KnownEvent {
            system: system.to_owned(),
            kernel_name: event.to_owned(),
            name: lttng_name(system, event),
        })
        .collect()
}

/// The indices of the events that `pattern` means.
///
/// # Errors
/// None matches; the error has names that look like it.
pub(crate) fn select(events: &[KnownEvent], pattern: &str) -> Result<Vec<usize>, Error> {
    if let Some((system, event)) = pattern.split_once(':') {
        let found = find(events, |known| {
            glob::matches(system, &known.system) && glob::matches(event, &known.kernel_name)
        });
        return found.ok_or_else(|| unknown(events, pattern));
    }
    find(events, |known| glob::matches(pattern, &known.name))
        .or_else(|| find(events, |known| glob::matches(pattern, &known.kernel_name)))
        .or_else(|| find(events, |known| glob::matches(pattern, &known.system)))
        .ok_or_else(|| unknown(events, pattern))
}

fn find(events: &[KnownEvent], is_meant: impl Fn(&KnownEvent) -> bool) -> Option<Vec<usize>> {
    let found: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, known)| is_meant(known))
        .map(|(i, _)| i)
        .collect();
    (!found.is_empty()).then_some(found)
}

fn unknown(events: &[KnownEvent], pattern: &str) -> Error {
    let names = events
        .iter()
        .flat_map(|known| [known.name.as_str(), &known.kernel_name, &known.system]);
    Error::UnknownEvent {
        pattern: pattern.to_owned(),
        near_names: near_names(bare(pattern), names),
    }
}

/// What of a pattern may be a mistyped name.
fn bare(pattern: &str) -> &str {
    let name = pattern.rsplit(':').next().unwrap_or(pattern);
    name.trim_matches(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<KnownEvent> {
        parse(
            "sched:sched_switch\nsched:sched_waking\nirq:softirq_entry\nirq:irq_handler_entry\n\
             irq_vectors:irq_work_entry\nsyscalls:sys_enter_openat\nsyscalls:sys_exit_openat\n\
             exceptions:page_fault_user\nkvm:kvm_page_fault\n",
        )
    }

    #[track_caller]
    fn check(pattern: &str, want: &[&str]) {
        let events = events();
        let found = select(&events, pattern).unwrap();
        let names: Vec<&str> = found.into_iter().map(|i| events[i].name.as_str()).collect();
        assert_eq!(names, want, "{pattern}");
    }

    #[test]
    fn names_of_the_trace_count_before_those_of_the_kernel_and_those_before_subsystems() {
        check("sched_*", &["sched_switch", "sched_waking"]);
        check("irq_*", &["irq_softirq_entry", "irq_handler_entry"]);
        check("softirq_entry", &["irq_softirq_entry"]);
        check("irq", &["irq_softirq_entry", "irq_handler_entry"]);
        check("irq:*", &["irq_softirq_entry", "irq_handler_entry"]);
        check(
            "*:*_entry",
            &[
                "irq_softirq_entry",
                "irq_handler_entry",
                "x86_irq_vectors_irq_work_entry",
            ],
        );
        check("syscalls", &["syscall_entry_openat", "syscall_exit_openat"]);
        check("syscall_entry_*", &["syscall_entry_openat"]);
        check("sys_exit_openat", &["syscall_exit_openat"]);
        check(
            "exceptions:page_fault_*",
            &["x86_exceptions_page_fault_user"],
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_near_ones() {
        let error = select(&events(), "sched_swtich").unwrap_err();
        assert_eq!(
            error.to_string(),
            "find a kernel event called `sched_swtich`; did you mean sched_switch?"
        );
        let error = select(&events(), "nothing:like_it").unwrap_err();
        assert_eq!(
            error.to_string(),
            "find a kernel event called `nothing:like_it`; `thalweg list -k` shows what there is"
        );
    }
}
