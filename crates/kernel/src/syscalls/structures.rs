//! The structures that arguments of system calls point at, as the kernel's BTF describes them.

use thalweg_bpf::{Btf, Layout, MemberShape};
use thalweg_kbuf::{MemberClass, Structure, StructureMember};

/// Those that are told: times, limits, files, machines, signals, schedulers, and what newer calls take.
const TOLD: [&str; 25] = [
    "__kernel_timespec",
    "__kernel_itimerspec",
    "__kernel_old_timeval",
    "__kernel_old_itimerval",
    "timezone",
    "tms",
    "rlimit",
    "rlimit64",
    "rusage",
    "stat",
    "statx",
    "statfs",
    "new_utsname",
    "sysinfo",
    "sigaction",
    "sigset_t",
    "sched_param",
    "sched_attr",
    "clone_args",
    "open_how",
    "mq_attr",
    "mount_attr",
    "cachestat",
    "cachestat_range",
    "utimbuf",
];
/// Larger ones are not copied.
const MOST_BYTES: u32 = 512;

/// The structures that this kernel describes.
pub(super) fn find(btf: &Btf) -> Vec<Structure> {
    let found = TOLD.iter().filter_map(|name| {
        let layout = btf.layout(name).ok()?;
        structure(name, &layout)
    });
    found.collect()
}

fn structure(name: &str, layout: &Layout) -> Option<Structure> {
    let size = layout.size_bytes;
    let members = layout.members.iter().filter_map(|member| {
        let class = match member.shape {
            MemberShape::Integer { bytes, is_signed } => MemberClass::Integer(bytes, is_signed),
            MemberShape::Pointer => MemberClass::Address,
            MemberShape::Text(bytes) => MemberClass::Text(u16::try_from(bytes).ok()?),
            MemberShape::Integers {
                bytes,
                is_signed,
                count,
            } => MemberClass::Integers(bytes, is_signed, u16::try_from(count).ok()?),
        };
        Some(StructureMember {
            name: member.name.clone(),
            offset: u16::try_from(member.offset_bytes).ok()?,
            class,
        })
    });
    let members: Vec<StructureMember> = members.collect();
    (size <= MOST_BYTES && !members.is_empty()).then(|| Structure {
        name: name.to_owned(),
        size_bytes: size as u16,
        members,
    })
}
