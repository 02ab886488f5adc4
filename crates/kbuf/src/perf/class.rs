//! The events in the trace: their names and fields.
//!
//! Names of what is no sample are those that `perf data convert --to-ctf` gives it; stacks are those of
//! LTTng's contexts `callstack-kernel` and `callstack-user`.

use thalweg_model::{FieldClass, Member, SequenceClass, StructClass};

use crate::syscall::syscall_context;

/// What a record that is no sample becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are perf's")]
pub enum PerfKind {
    Mmap2,
    Comm,
    Fork,
    Exit,
    Throttle,
    Unthrottle,
}

impl PerfKind {
    /// What the rings of threads and mappings hold, in the order of their numbers.
    pub const SIDE_BAND: [Self; 4] = [Self::Mmap2, Self::Comm, Self::Fork, Self::Exit];
    /// What the rings of samples hold besides.
    pub const THROTTLING: [Self; 2] = [Self::Throttle, Self::Unthrottle];

    /// The event's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mmap2 => "perf_mmap2",
            Self::Comm => "perf_comm",
            Self::Fork => "perf_fork",
            Self::Exit => "perf_exit",
            Self::Throttle => "perf_throttle",
            Self::Unthrottle => "perf_unthrottle",
        }
    }

    /// The event's fields.
    pub fn class(self) -> StructClass {
        let int = || FieldClass::int(32);
        structure(match self {
            Self::Mmap2 => mapping(),
            Self::Comm => vec![
                Member::new("pid", int()),
                Member::new("tid", int()),
                Member::new("comm", FieldClass::string()),
                Member::new("is_exec", FieldClass::uint(8)),
            ],
            Self::Fork | Self::Exit => ["pid", "ppid", "tid", "ptid"]
                .map(|name| Member::new(name, int()))
                .to_vec(),
            Self::Throttle | Self::Unthrottle => Vec::new(),
        })
    }
}

/// The fields of a sample.
pub fn perf_sample_class() -> StructClass {
    structure(vec![
        Member::new("ip", FieldClass::hex(64)),
        Member::new("period", FieldClass::uint(64)),
    ])
}

/// What each record says of its thread.
pub fn perf_context() -> Vec<Member> {
    syscall_context()
}

/// What each sample says besides: the functions that were being called.
pub fn perf_sample_context() -> Vec<Member> {
    let mut members = perf_context();
    for name in ["callstack_kernel", "callstack_user"] {
        members.extend(perf_stack_members(name));
    }
    members
}

/// A stack's declaration.
pub fn perf_stack_members(name: &str) -> [Member; 2] {
    list(name, FieldClass::hex(64))
}

fn mapping() -> Vec<Member> {
    let mut members = vec![
        Member::new("pid", FieldClass::int(32)),
        Member::new("tid", FieldClass::int(32)),
        Member::new("start", FieldClass::hex(64)),
        Member::new("length", FieldClass::hex(64)),
        Member::new("offset", FieldClass::hex(64)),
    ];
    members.extend(list("build_id", FieldClass::hex(8)));
    members.push(Member::new("filename", FieldClass::string()));
    members
}

fn list(name: &str, element: FieldClass) -> [Member; 2] {
    let length = format!("_{name}_length");
    let class = FieldClass::Sequence(SequenceClass {
        element: Box::new(element),
        length: vec![length.clone()],
    });
    [
        Member::new(length, FieldClass::uint(32)),
        Member::new(name, class),
    ]
}

fn structure(members: Vec<Member>) -> StructClass {
    StructClass {
        min_align_bits: 1,
        members,
    }
}
