//! Which contexts there are, under LTTng's names, in LTTng's order, with LTTng's types.

use thalweg_model::{FieldClass, Member};

/// Room for a host's name in LTTng's contexts.
pub(super) const HOSTNAME_BYTES: u64 = 65;
/// Room for a thread's name.
const COMM_BYTES: u64 = 16;

/// A context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "LTTng's names say it")]
pub enum KernelContext {
    Pid,
    Tid,
    Ppid,
    Vpid,
    Vtid,
    Vppid,
    Procname,
    Prio,
    Nice,
    Hostname,
    Interruptible,
    Preemptible,
    NeedReschedule,
    Migratable,
    CgroupNs,
    IpcNs,
    MntNs,
    NetNs,
    PidNs,
    TimeNs,
    UserNs,
    UtsNs,
    Uid,
    Gid,
    Euid,
    Egid,
    Suid,
    Sgid,
    Vuid,
    Vgid,
    Veuid,
    Vegid,
    Vsuid,
    Vsgid,
    /// The number of the control group of version 2: ours, not LTTng's, as the next two.
    CgroupId,
    /// Its path.
    Cgroup,
    /// The container's id, as far as the path has it.
    Container,
}

impl KernelContext {
    /// All, in LTTng's order.
    pub const ALL: [Self; 37] = [
        Self::Pid,
        Self::Tid,
        Self::Ppid,
        Self::Vpid,
        Self::Vtid,
        Self::Vppid,
        Self::Procname,
        Self::Prio,
        Self::Nice,
        Self::Hostname,
        Self::Interruptible,
        Self::Preemptible,
        Self::NeedReschedule,
        Self::Migratable,
        Self::CgroupNs,
        Self::IpcNs,
        Self::MntNs,
        Self::NetNs,
        Self::PidNs,
        Self::TimeNs,
        Self::UserNs,
        Self::UtsNs,
        Self::Uid,
        Self::Gid,
        Self::Euid,
        Self::Egid,
        Self::Suid,
        Self::Sgid,
        Self::Vuid,
        Self::Vgid,
        Self::Veuid,
        Self::Vegid,
        Self::Vsuid,
        Self::Vsgid,
        Self::CgroupId,
        Self::Cgroup,
        Self::Container,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pid => "pid",
            Self::Tid => "tid",
            Self::Ppid => "ppid",
            Self::Vpid => "vpid",
            Self::Vtid => "vtid",
            Self::Vppid => "vppid",
            Self::Procname => "procname",
            Self::Prio => "prio",
            Self::Nice => "nice",
            Self::Hostname => "hostname",
            Self::Interruptible => "interruptible",
            Self::Preemptible => "preemptible",
            Self::NeedReschedule => "need_reschedule",
            Self::Migratable => "migratable",
            Self::CgroupNs => "cgroup_ns",
            Self::IpcNs => "ipc_ns",
            Self::MntNs => "mnt_ns",
            Self::NetNs => "net_ns",
            Self::PidNs => "pid_ns",
            Self::TimeNs => "time_ns",
            Self::UserNs => "user_ns",
            Self::UtsNs => "uts_ns",
            Self::Uid => "uid",
            Self::Gid => "gid",
            Self::Euid => "euid",
            Self::Egid => "egid",
            Self::Suid => "suid",
            Self::Sgid => "sgid",
            Self::Vuid => "vuid",
            Self::Vgid => "vgid",
            Self::Veuid => "veuid",
            Self::Vegid => "vegid",
            Self::Vsuid => "vsuid",
            Self::Vsgid => "vsgid",
            Self::CgroupId => "cgroup_id",
            Self::Cgroup => "cgroup",
            Self::Container => "container",
        }
    }

    /// Whether a record's head does not tell it.
    pub(crate) const fn is_of_task(self) -> bool {
        !matches!(
            self,
            Self::Tid
                | Self::Hostname
                | Self::Interruptible
                | Self::Preemptible
                | Self::NeedReschedule
                | Self::Migratable
        )
    }

    /// Whether it is a user, a group, or a namespace that a thread can change.
    pub(crate) const fn is_of_credentials(self) -> bool {
        let place = self as u8;
        let is_later = place >= Self::CgroupNs as u8 && place <= Self::Vsgid as u8;
        is_later && !matches!(self, Self::PidNs)
    }

    pub(super) fn class(self) -> FieldClass {
        match self {
            Self::Procname => FieldClass::text_array(COMM_BYTES),
            Self::Hostname => FieldClass::text_array(HOSTNAME_BYTES),
            Self::Interruptible | Self::Preemptible => FieldClass::int(8),
            Self::NeedReschedule | Self::Migratable => FieldClass::uint(8),
            Self::CgroupId => FieldClass::uint(64),
            Self::Cgroup | Self::Container => FieldClass::string(),
            Self::PidNs => FieldClass::uint(32),
            context if context.is_of_credentials() => FieldClass::uint(32),
            _ => FieldClass::int(32),
        }
    }
}

/// A set of contexts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelContexts {
    bits: u64,
}

impl KernelContexts {
    /// The set with the context of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = KernelContext::ALL.into_iter();
        let found = all.find(|context| context.name() == name)?;
        Some(Self::default().with(found))
    }

    /// Those of these names that are contexts.
    pub fn known<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names
            .filter_map(Self::named)
            .fold(Self::default(), Self::union)
    }

    /// The set and another context.
    #[must_use]
    pub const fn with(self, context: KernelContext) -> Self {
        Self {
            bits: self.bits | 1 << context as u64,
        }
    }

    /// All that are in one of the two.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            bits: self.bits | other.bits,
        }
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The contexts, in order.
    pub fn iter(self) -> impl Iterator<Item = KernelContext> {
        KernelContext::ALL
            .into_iter()
            .filter(move |context| self.bits & 1 << *context as u64 != 0)
    }

    /// Those that a record's head does not tell.
    pub(crate) fn of_tasks(self) -> Self {
        let of_tasks = self.iter().filter(|context| context.is_of_task());
        of_tasks.fold(Self::default(), Self::with)
    }

    /// Those that are not in `other`.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self {
            bits: self.bits & !other.bits,
        }
    }

    /// Their names, for people.
    pub(crate) fn names(self) -> String {
        let names: Vec<&str> = self.iter().map(KernelContext::name).collect();
        names.join(", ")
    }

    /// The declaration.
    pub fn members(self) -> Vec<Member> {
        self.iter()
            .map(|context| Member::new(context.name(), context.class()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_found_by_name_and_kept_in_order() {
        for context in KernelContext::ALL {
            let set = KernelContexts::named(context.name()).unwrap();
            assert_eq!(set.iter().collect::<Vec<_>>(), [context]);
        }
        let set = KernelContexts::known(["procname", "x", "hostname", "pid"].into_iter());
        assert_eq!(set.names(), "pid, procname, hostname");
        assert_eq!(set.of_tasks().names(), "pid, procname");
        assert_eq!(set.without(set.of_tasks()).names(), "hostname");
        assert!(KernelContexts::named("priority").is_none());
    }
}
