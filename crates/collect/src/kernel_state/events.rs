//! The events: LTTng's names, fields and bytes.

use thalweg_model::{ByteOrder, DisplayBase, FieldClass, IntegerClass, Member, StructClass};

/// The room of a thread's name, in the kernel as in LTTng's event.
pub(crate) const COMM_BYTES: usize = 16;

/// Which event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are LTTng's")]
pub(crate) enum StateKind {
    Start,
    ProcessState,
    ProcessCgroupNs,
    ProcessIpcNs,
    ProcessMntNs,
    ProcessNetNs,
    ProcessUtsNs,
    ProcessTimeNs,
    ProcessPidNs,
    ProcessUserNs,
    FileDescriptor,
    NetworkInterface,
    BlockDevice,
    Interrupt,
    CpuTopology,
    VmMap,
    End,
}

/// An event, but for its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateEvent {
    pub(crate) kind: StateKind,
    pub(crate) time: u64,
    pub(crate) payload: Vec<u8>,
}

impl StateKind {
    /// All, in the order of their numbers.
    pub(crate) const ALL: [Self; 17] = [
        Self::Start,
        Self::ProcessState,
        Self::ProcessCgroupNs,
        Self::ProcessIpcNs,
        Self::ProcessMntNs,
        Self::ProcessNetNs,
        Self::ProcessUtsNs,
        Self::ProcessTimeNs,
        Self::ProcessPidNs,
        Self::ProcessUserNs,
        Self::FileDescriptor,
        Self::NetworkInterface,
        Self::BlockDevice,
        Self::Interrupt,
        Self::CpuTopology,
        Self::VmMap,
        Self::End,
    ];

    /// The event's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "lttng_statedump_start",
            Self::ProcessState => "lttng_statedump_process_state",
            Self::ProcessCgroupNs => "lttng_statedump_process_cgroup_ns",
            Self::ProcessIpcNs => "lttng_statedump_process_ipc_ns",
            Self::ProcessMntNs => "lttng_statedump_process_mnt_ns",
            Self::ProcessNetNs => "lttng_statedump_process_net_ns",
            Self::ProcessUtsNs => "lttng_statedump_process_uts_ns",
            Self::ProcessTimeNs => "lttng_statedump_process_time_ns",
            Self::ProcessPidNs => "lttng_statedump_process_pid_ns",
            Self::ProcessUserNs => "lttng_statedump_process_user_ns",
            Self::FileDescriptor => "lttng_statedump_file_descriptor",
            Self::NetworkInterface => "lttng_statedump_network_interface",
            Self::BlockDevice => "lttng_statedump_block_device",
            Self::Interrupt => "lttng_statedump_interrupt",
            Self::CpuTopology => "lttng_statedump_cpu_topology",
            Self::VmMap => "lttng_statedump_vm_map",
            Self::End => "lttng_statedump_end",
        }
    }

    /// The event's fields.
    pub(crate) fn class(self) -> StructClass {
        let int = || FieldClass::int(32);
        let inum = || FieldClass::uint(32);
        let text = FieldClass::string;
        let members = match self {
            Self::Start | Self::End => Vec::new(),
            Self::ProcessState => process_state(),
            Self::ProcessCgroupNs
            | Self::ProcessIpcNs
            | Self::ProcessMntNs
            | Self::ProcessNetNs
            | Self::ProcessUtsNs
            | Self::ProcessTimeNs => vec![("tid", int()), ("ns_inum", inum())],
            Self::ProcessPidNs => vec![
                ("tid", int()),
                ("vtid", int()),
                ("vpid", int()),
                ("vppid", int()),
                ("ns_level", int()),
                ("ns_inum", inum()),
            ],
            Self::ProcessUserNs => vec![
                ("tid", int()),
                ("vuid", FieldClass::uint(32)),
                ("vgid", FieldClass::uint(32)),
                ("ns_level", int()),
                ("ns_inum", inum()),
            ],
            Self::FileDescriptor => vec![
                ("file_table_address", FieldClass::hex(64)),
                ("fd", int()),
                ("flags", octal()),
                ("fmode", FieldClass::hex(32)),
                ("filename", text()),
            ],
            Self::NetworkInterface => vec![("name", text()), ("address_ipv4", address())],
            Self::BlockDevice => vec![("dev", FieldClass::uint(32)), ("diskname", text())],
            Self::Interrupt => vec![
                ("irq", FieldClass::uint(32)),
                ("name", text()),
                ("action", text()),
                ("tid", int()),
            ],
            Self::CpuTopology => cpu_topology(),
            Self::VmMap => vm_map(),
        };
        let member = |(name, class)| Member::new(name, class);
        StructClass {
            min_align_bits: 1,
            members: members.into_iter().map(member).collect(),
        }
    }
}

fn process_state() -> Vec<(&'static str, FieldClass)> {
    vec![
        ("tid", FieldClass::int(32)),
        ("pid", FieldClass::int(32)),
        ("ppid", FieldClass::int(32)),
        ("name", FieldClass::text_array(COMM_BYTES as u64)),
        ("type", FieldClass::int(32)),
        ("mode", FieldClass::int(32)),
        ("submode", FieldClass::int(32)),
        ("status", FieldClass::int(32)),
        ("cpu", FieldClass::uint(32)),
        ("file_table_address", FieldClass::hex(64)),
    ]
}

fn cpu_topology() -> Vec<(&'static str, FieldClass)> {
    vec![
        ("architecture", FieldClass::string()),
        ("cpu_id", FieldClass::uint(16)),
        ("vendor", FieldClass::string()),
        ("family", FieldClass::uint(8)),
        ("model", FieldClass::uint(8)),
        ("model_name", FieldClass::string()),
        ("physical_id", FieldClass::uint(16)),
        ("core_id", FieldClass::uint(16)),
        ("cores", FieldClass::uint(16)),
    ]
}

fn vm_map() -> Vec<(&'static str, FieldClass)> {
    vec![
        ("pid", FieldClass::int(32)),
        ("start", FieldClass::hex(64)),
        ("end", FieldClass::hex(64)),
        ("flags", FieldClass::hex(64)),
        ("inode", FieldClass::uint(64)),
        ("pgoff", FieldClass::uint(64)),
    ]
}

fn octal() -> FieldClass {
    FieldClass::Integer(IntegerClass::le(32, false).in_base(DisplayBase::Octal))
}

/// As it stands in a packet of the network.
fn address() -> FieldClass {
    let mut class = IntegerClass::le(32, false).in_base(DisplayBase::Hexadecimal);
    class.byte_order = ByteOrder::Big;
    FieldClass::Integer(class)
}
