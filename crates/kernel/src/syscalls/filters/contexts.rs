//! What programs know of the running thread, by the names of contexts.

use thalweg_bpf::{Btf, Helper, Register};
use thalweg_filter::Context;
use thalweg_kbuf::RecordLayout;

use crate::bpf::find_offset;
use crate::numbers::NumberOffsets;
use crate::predicate::{Integer, Operand, OwnNumber, Path, Place, Text};

/// In front of the record: the length of the thread's name, which lies in the record.
pub(super) const NAME_LENGTH: i16 = -40;
/// Room for a thread's name.
pub(super) const NAME_BYTES: i16 = 16;

/// A priority of 0 of the kernel's ordinary threads is its 100th.
const MAX_RT_PRIO: i32 = 100;
/// A niceness of 0 is this priority.
const DEFAULT_PRIO: i32 = 120;

/// A member of a structure.
type Member = (&'static str, &'static str);

/// Contexts that lie in the kernel's structures: the members on the way, whether there is a sign, and what is
/// added.
const OF_TASK: &[(Context, &[Member], bool, i32)] = &[
    (
        Context::Ppid,
        &[("task_struct", "real_parent"), ("task_struct", "tgid")],
        true,
        0,
    ),
    (
        Context::Prio,
        &[("task_struct", "prio")],
        true,
        -MAX_RT_PRIO,
    ),
    (
        Context::Nice,
        &[("task_struct", "static_prio")],
        true,
        -DEFAULT_PRIO,
    ),
    (Context::Uid, &[CREDENTIALS, ("cred", "uid")], false, 0),
    (Context::Euid, &[CREDENTIALS, ("cred", "euid")], false, 0),
    (Context::Suid, &[CREDENTIALS, ("cred", "suid")], false, 0),
    (Context::Gid, &[CREDENTIALS, ("cred", "gid")], false, 0),
    (Context::Egid, &[CREDENTIALS, ("cred", "egid")], false, 0),
    (Context::Sgid, &[CREDENTIALS, ("cred", "sgid")], false, 0),
    (
        Context::UserNs,
        &[
            CREDENTIALS,
            ("cred", "user_ns"),
            ("user_namespace", "ns.inum"),
        ],
        false,
        0,
    ),
    (
        Context::CgroupNs,
        &[
            NAMESPACES,
            ("nsproxy", "cgroup_ns"),
            ("cgroup_namespace", "ns.inum"),
        ],
        false,
        0,
    ),
    (
        Context::IpcNs,
        &[
            NAMESPACES,
            ("nsproxy", "ipc_ns"),
            ("ipc_namespace", "ns.inum"),
        ],
        false,
        0,
    ),
    (
        Context::NetNs,
        &[NAMESPACES, ("nsproxy", "net_ns"), ("net", "ns.inum")],
        false,
        0,
    ),
    (
        Context::TimeNs,
        &[
            NAMESPACES,
            ("nsproxy", "time_ns"),
            ("time_namespace", "ns.inum"),
        ],
        false,
        0,
    ),
    (
        Context::UtsNs,
        &[
            NAMESPACES,
            ("nsproxy", "uts_ns"),
            ("uts_namespace", "ns.inum"),
        ],
        false,
        0,
    ),
];

const CREDENTIALS: (&str, &str) = ("task_struct", "cred");
const NAMESPACES: (&str, &str) = ("task_struct", "nsproxy");

/// Where this kernel keeps them.
#[derive(Clone, Debug, Default)]
pub(in crate::syscalls) struct TaskContexts {
    found: Vec<(Context, Integer)>,
    /// Where a task has its name.
    pub(super) comm: i16,
}

impl TaskContexts {
    /// Those that this kernel has.
    pub(in crate::syscalls) fn find(btf: &Btf) -> Self {
        let of_task = OF_TASK
            .iter()
            .filter_map(|(context, members, signed, add)| {
                let step = |(structure, path): &(&'static str, &'static str)| {
                    find_offset(btf, structure, path).ok()
                };
                let steps = members.iter().map(step).collect::<Option<Vec<i16>>>()?;
                let mut integer = Integer::plain(Place::Task(Path::of(&steps)), 32, *signed);
                integer.add = *add;
                Some((*context, integer))
            });
        Self {
            found: of_task.chain(own_numbers(btf)).collect(),
            comm: find_offset(btf, "task_struct", "comm").unwrap_or_default(),
        }
    }

    /// What a context is in a program.
    pub(super) fn operand(&self, context: Context) -> Option<Operand> {
        let helper = |helper, bit, bits, signed| {
            let place = Place::Helper(helper, bit);
            Some(Operand::Integer(Integer::plain(place, bits, signed)))
        };
        match context {
            Context::Procname => Some(Operand::Text(Text {
                base: Register::R7,
                offset: RecordLayout::COMM,
                room: NAME_BYTES,
                length: (Register::R7, NAME_LENGTH),
                may_be_cut: false,
                may_fail: false,
            })),
            Context::Pid => helper(Helper::GetCurrentPidTgid, 32, 32, true),
            Context::Tid => helper(Helper::GetCurrentPidTgid, 0, 32, true),
            Context::CpuId => helper(Helper::GetSmpProcessorId, 0, 32, false),
            Context::CgroupId => helper(Helper::GetCurrentCgroupId, 0, 64, false),
            context => {
                let found = self.found.iter().find(|(known, _)| *known == context)?;
                Some(Operand::Integer(found.1))
            }
        }
    }
}

fn own_numbers(btf: &Btf) -> impl Iterator<Item = (Context, Integer)> + '_ {
    let find = |structure, path| find_offset(btf, structure, path).ok();
    let number = move |of_process: bool| {
        let leader = match of_process {
            true => Some(find("task_struct", "group_leader")?),
            false => None,
        };
        Some(OwnNumber {
            leader,
            numbers: NumberOffsets::find(btf).ok()?,
        })
    };
    let both = [(Context::Vpid, true), (Context::Vtid, false)];
    both.into_iter().filter_map(move |(context, of_process)| {
        let place = Place::OwnNumber(number(of_process)?);
        Some((context, Integer::plain(place, 32, true)))
    })
}
