//! The contexts that a filter can ask for: `$ctx.NAME`.
//!
//! Invariant: a context's number is what stands in bytecode; it never changes its meaning.

/// What is known where an event happens, besides its own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Context {
    /// Process id, in the process's own namespace.
    Vpid = 1,
    /// Thread id, in the process's own namespace.
    Vtid = 2,
    /// Name of the thread: a text.
    Procname = 3,
    /// What `pthread_self` gives.
    PthreadId = 4,
    /// Address of the call site.
    Ip = 5,
    /// Processor.
    CpuId = 6,
    /// Real user id.
    Vuid = 7,
    /// Effective user id.
    Veuid = 8,
    /// Saved user id.
    Vsuid = 9,
    /// Real group id.
    Vgid = 10,
    /// Effective group id.
    Vegid = 11,
    /// Saved group id.
    Vsgid = 12,
    /// Inode of the control group namespace.
    CgroupNs = 13,
    /// Inode of the namespace of System V objects.
    IpcNs = 14,
    /// Inode of the mount namespace.
    MntNs = 15,
    /// Inode of the network namespace.
    NetNs = 16,
    /// Inode of the process namespace.
    PidNs = 17,
    /// Inode of the time namespace.
    TimeNs = 18,
    /// Inode of the user namespace.
    UserNs = 19,
    /// Inode of the host name's namespace.
    UtsNs = 20,
    /// Thread id, in the first namespace: the kernel's own.
    Tid = 21,
    /// Process id, in the first namespace. From here on, what only the kernel's events know.
    Pid = 22,
    /// The parent's process id, in the first namespace.
    Ppid = 23,
    /// The parent's process id, in the process's own namespace.
    Vppid = 24,
    /// Priority, as the kernel sorts by it: from -100 to 39.
    Prio = 25,
    /// Niceness.
    Nice = 26,
    /// The machine's name: a text.
    Hostname = 27,
    /// Whether interrupts are enabled.
    Interruptible = 28,
    /// Whether another thread could take the processor.
    Preemptible = 29,
    /// Whether the thread is to give up the processor.
    NeedReschedule = 30,
    /// Whether the thread could go on at another processor.
    Migratable = 31,
    /// Real user id, in the first namespace.
    Uid = 32,
    /// Real group id, in the first namespace.
    Gid = 33,
    /// Effective user id, in the first namespace.
    Euid = 34,
    /// Effective group id, in the first namespace.
    Egid = 35,
    /// Saved user id, in the first namespace.
    Suid = 36,
    /// Saved group id, in the first namespace.
    Sgid = 37,
    /// Number of the control group.
    CgroupId = 38,
    /// Path of the control group: a text.
    Cgroup = 39,
    /// Id of the container: a text.
    Container = 40,
}

impl Context {
    /// Every context, in the order of their numbers.
    pub const ALL: [Self; 40] = [
        Self::Vpid,
        Self::Vtid,
        Self::Procname,
        Self::PthreadId,
        Self::Ip,
        Self::CpuId,
        Self::Vuid,
        Self::Veuid,
        Self::Vsuid,
        Self::Vgid,
        Self::Vegid,
        Self::Vsgid,
        Self::CgroupNs,
        Self::IpcNs,
        Self::MntNs,
        Self::NetNs,
        Self::PidNs,
        Self::TimeNs,
        Self::UserNs,
        Self::UtsNs,
        Self::Tid,
        Self::Pid,
        Self::Ppid,
        Self::Vppid,
        Self::Prio,
        Self::Nice,
        Self::Hostname,
        Self::Interruptible,
        Self::Preemptible,
        Self::NeedReschedule,
        Self::Migratable,
        Self::Uid,
        Self::Gid,
        Self::Euid,
        Self::Egid,
        Self::Suid,
        Self::Sgid,
        Self::CgroupId,
        Self::Cgroup,
        Self::Container,
    ];

    /// Its name, as LTTng spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vpid => "vpid",
            Self::Vtid => "vtid",
            Self::Procname => "procname",
            Self::PthreadId => "pthread_id",
            Self::Ip => "ip",
            Self::CpuId => "cpu_id",
            Self::Vuid => "vuid",
            Self::Veuid => "veuid",
            Self::Vsuid => "vsuid",
            Self::Vgid => "vgid",
            Self::Vegid => "vegid",
            Self::Vsgid => "vsgid",
            Self::CgroupNs => "cgroup_ns",
            Self::IpcNs => "ipc_ns",
            Self::MntNs => "mnt_ns",
            Self::NetNs => "net_ns",
            Self::PidNs => "pid_ns",
            Self::TimeNs => "time_ns",
            Self::UserNs => "user_ns",
            Self::UtsNs => "uts_ns",
            Self::Tid => "tid",
            Self::Pid => "pid",
            Self::Ppid => "ppid",
            Self::Vppid => "vppid",
            Self::Prio => "prio",
            Self::Nice => "nice",
            Self::Hostname => "hostname",
            Self::Interruptible => "interruptible",
            Self::Preemptible => "preemptible",
            Self::NeedReschedule => "need_reschedule",
            Self::Migratable => "migratable",
            Self::Uid => "uid",
            Self::Gid => "gid",
            Self::Euid => "euid",
            Self::Egid => "egid",
            Self::Suid => "suid",
            Self::Sgid => "sgid",
            Self::CgroupId => "cgroup_id",
            Self::Cgroup => "cgroup",
            Self::Container => "container",
        }
    }

    /// The context of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }

    /// Whether it is a text; all others are integers.
    pub const fn is_text(self) -> bool {
        matches!(
            self,
            Self::Procname | Self::Hostname | Self::Cgroup | Self::Container
        )
    }

    /// The context of a number in bytecode.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_context_is_found_by_its_name_and_by_its_number() {
        for context in Context::ALL {
            assert_eq!(Context::find(context.name()), Some(context));
            assert_eq!(Context::from_code(context as u8), Some(context));
        }
        assert_eq!(Context::from_code(0), None);
        assert_eq!(Context::from_code(41), None);
        assert_eq!(Context::find("pids"), None);
    }
}
