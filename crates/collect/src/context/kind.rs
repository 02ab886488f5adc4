//! The contexts by name, with LTTng's types.

use thalweg_ctf::write::PROCNAME_LEN;
use thalweg_filter::Context as InFilters;
use thalweg_model::{FieldClass, Member};

/// One context. The order is that of an event's context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are LTTng's")]
pub enum Context {
    Vpid,
    Vtid,
    Procname,
    PthreadId,
    CgroupNs,
    IpcNs,
    MntNs,
    NetNs,
    PidNs,
    TimeNs,
    UserNs,
    UtsNs,
    Vuid,
    Veuid,
    Vsuid,
    Vgid,
    Vegid,
    Vsgid,
    /// The control group's path: ours, not LTTng's.
    Cgroup,
    /// The container's id, as far as the control group's path has it: ours.
    Container,
}

impl Context {
    /// Every context, in order.
    pub const ALL: [Self; 20] = [
        Self::Vpid,
        Self::Vtid,
        Self::Procname,
        Self::PthreadId,
        Self::CgroupNs,
        Self::IpcNs,
        Self::MntNs,
        Self::NetNs,
        Self::PidNs,
        Self::TimeNs,
        Self::UserNs,
        Self::UtsNs,
        Self::Vuid,
        Self::Veuid,
        Self::Vsuid,
        Self::Vgid,
        Self::Vegid,
        Self::Vsgid,
        Self::Cgroup,
        Self::Container,
    ];
    /// Those that are the inode number of a namespace, in order.
    pub(super) const NAMESPACES: [Self; 8] = [
        Self::CgroupNs,
        Self::IpcNs,
        Self::MntNs,
        Self::NetNs,
        Self::PidNs,
        Self::TimeNs,
        Self::UserNs,
        Self::UtsNs,
    ];
    /// Those that are the number of a user or a group, in order.
    pub(super) const IDS: [Self; 6] = [
        Self::Vuid,
        Self::Veuid,
        Self::Vsuid,
        Self::Vgid,
        Self::Vegid,
        Self::Vsgid,
    ];

    /// The name, on the command line and in the trace.
    pub const fn name(self) -> &'static str {
        match self.in_filters() {
            Ok(context) => context.name(),
            Err(name) => name,
        }
    }

    /// The same context as filters have it, or the name of one that is none of theirs.
    const fn in_filters(self) -> Result<InFilters, &'static str> {
        Ok(match self {
            Self::Vpid => InFilters::Vpid,
            Self::Vtid => InFilters::Vtid,
            Self::Procname => InFilters::Procname,
            Self::PthreadId => InFilters::PthreadId,
            Self::CgroupNs => InFilters::CgroupNs,
            Self::IpcNs => InFilters::IpcNs,
            Self::MntNs => InFilters::MntNs,
            Self::NetNs => InFilters::NetNs,
            Self::PidNs => InFilters::PidNs,
            Self::TimeNs => InFilters::TimeNs,
            Self::UserNs => InFilters::UserNs,
            Self::UtsNs => InFilters::UtsNs,
            Self::Vuid => InFilters::Vuid,
            Self::Veuid => InFilters::Veuid,
            Self::Vsuid => InFilters::Vsuid,
            Self::Vgid => InFilters::Vgid,
            Self::Vegid => InFilters::Vegid,
            Self::Vsgid => InFilters::Vsgid,
            Self::Cgroup => return Err("cgroup"),
            Self::Container => return Err("container"),
        })
    }

    /// The name of a namespace's file in `/proc/PID/ns`.
    pub(super) fn namespace_file(self) -> &'static str {
        self.name().trim_end_matches("_ns")
    }

    /// The declaration.
    pub(super) fn member(self) -> Member {
        let class = match self {
            Self::Vpid | Self::Vtid => FieldClass::int(32),
            Self::Procname => FieldClass::text_array(PROCNAME_LEN as u64),
            Self::Cgroup | Self::Container => FieldClass::string(),
            id if Self::IDS.contains(&id) => FieldClass::uint(32),
            _ => FieldClass::uint(64),
        };
        Member::new(self.name(), class)
    }
}
