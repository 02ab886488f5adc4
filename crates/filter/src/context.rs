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
    /// Name of the thread: the only context that is a text.
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
}

impl Context {
    /// Every context, in the order of their numbers.
    pub const ALL: [Self; 21] = [
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
        }
    }

    /// The context of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
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
        assert_eq!(Context::from_code(22), None);
        assert_eq!(Context::find("pid"), None);
    }
}
