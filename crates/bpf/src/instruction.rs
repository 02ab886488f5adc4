//! Single instructions, as the kernel's `Documentation/bpf/standardization/instruction-set.rst`
//! numbers them.
//!
//! ```text
//!   0        8     12    16           32                64
//!   | opcode | dst | src | offset i16 | immediate i32   |
//! ```

/// A register of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(
    missing_docs,
    reason = "the numbers say it; R10 is the end of the stack"
)]
pub enum Register {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// The second operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// What a register holds.
    Register(Register),
    /// This number, its sign extended.
    Immediate(i32),
}

impl From<Register> for Operand {
    fn from(register: Register) -> Self {
        Self::Register(register)
    }
}

impl From<i32> for Operand {
    fn from(number: i32) -> Self {
        Self::Immediate(number)
    }
}

/// How many bytes a load or a store moves; a load fills the rest with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Size {
    Four = 0x00,
    Two = 0x08,
    One = 0x10,
    Eight = 0x18,
}

/// What two operands of 64 bits are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Condition {
    Equal = 0x10,
    /// Unsigned.
    Above = 0x20,
    /// A bit of both is set.
    Shares = 0x40,
    NotEqual = 0x50,
    /// Signed, as those below.
    Greater = 0x60,
    GreaterOrEqual = 0x70,
    Less = 0xc0,
    LessOrEqual = 0xd0,
}

/// A function of the kernel's, by the number in its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs, reason = "the kernel's names, without `bpf_`")]
pub enum Helper {
    MapLookupElem = 1,
    MapUpdateElem = 2,
    MapDeleteElem = 3,
    KtimeGetNs = 5,
    GetSmpProcessorId = 8,
    GetCurrentPidTgid = 14,
    GetCurrentUidGid = 15,
    GetCurrentComm = 16,
    GetStack = 67,
    GetCurrentCgroupId = 80,
    ProbeReadUser = 112,
    ProbeReadKernel = 113,
    ProbeReadUserStr = 114,
    ProbeReadKernelStr = 115,
    GetNsCurrentPidTgid = 120,
    GetCurrentAncestorCgroupId = 123,
    RingbufOutput = 130,
    GetCurrentTaskBtf = 158,
}

impl Helper {
    /// Its label in the kernel's `enum bpf_func_id`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::MapLookupElem => "BPF_FUNC_map_lookup_elem",
            Self::MapUpdateElem => "BPF_FUNC_map_update_elem",
            Self::MapDeleteElem => "BPF_FUNC_map_delete_elem",
            Self::GetCurrentUidGid => "BPF_FUNC_get_current_uid_gid",
            Self::GetStack => "BPF_FUNC_get_stack",
            Self::GetCurrentCgroupId => "BPF_FUNC_get_current_cgroup_id",
            Self::KtimeGetNs => "BPF_FUNC_ktime_get_ns",
            Self::GetSmpProcessorId => "BPF_FUNC_get_smp_processor_id",
            Self::GetCurrentPidTgid => "BPF_FUNC_get_current_pid_tgid",
            Self::GetCurrentComm => "BPF_FUNC_get_current_comm",
            Self::ProbeReadUser => "BPF_FUNC_probe_read_user",
            Self::ProbeReadKernel => "BPF_FUNC_probe_read_kernel",
            Self::ProbeReadKernelStr => "BPF_FUNC_probe_read_kernel_str",
            Self::ProbeReadUserStr => "BPF_FUNC_probe_read_user_str",
            Self::GetNsCurrentPidTgid => "BPF_FUNC_get_ns_current_pid_tgid",
            Self::GetCurrentAncestorCgroupId => "BPF_FUNC_get_current_ancestor_cgroup_id",
            Self::RingbufOutput => "BPF_FUNC_ringbuf_output",
            Self::GetCurrentTaskBtf => "BPF_FUNC_get_current_task_btf",
        }
    }
}

/// Operations of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Operation {
    Add = 0x00,
    Subtract = 0x10,
    Multiply = 0x20,
    /// Unsigned; by zero it gives zero.
    Divide = 0x30,
    Or = 0x40,
    And = 0x50,
    ShiftLeft = 0x60,
    /// Filled with zeros.
    ShiftRight = 0x70,
    /// Unsigned; by zero it gives the first operand.
    Remainder = 0x90,
    Xor = 0xa0,
    Move = 0xb0,
    /// Filled with the sign.
    ShiftRightSigned = 0xc0,
}

/// What is done to memory that others may change meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Atomic {
    Add = 0x00,
    Exchange = 0xe1,
}

const CLASS_LOAD_WIDE: u8 = 0x18;
const CLASS_LOAD: u8 = 0x61;
const CLASS_STORE_IMMEDIATE: u8 = 0x62;
const CLASS_STORE: u8 = 0x63;
/// Of eight bytes.
const CLASS_ATOMIC: u8 = 0xdb;
const CLASS_JUMP: u8 = 0x05;
const CLASS_OPERATION: u8 = 0x07;
const FROM_REGISTER: u8 = 0x08;
/// In the source of a wide load: the number is a map's descriptor.
const MAP_DESCRIPTOR: u8 = 1;
/// The same, for the address of the map's first value.
const MAP_VALUE: u8 = 2;

/// An instruction's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instruction {
    opcode: u8,
    registers: u8,
    pub(crate) offset: i16,
    immediate: i32,
}

impl Instruction {
    fn new(opcode: u8, dst: Register, src: u8) -> Self {
        Self {
            opcode,
            registers: dst as u8 | src << 4,
            ..Self::default()
        }
    }

    fn with(opcode: u8, dst: Register, operand: Operand) -> Self {
        match operand {
            Operand::Register(src) => Self::new(opcode | FROM_REGISTER, dst, src as u8),
            Operand::Immediate(immediate) => Self {
                immediate,
                ..Self::new(opcode, dst, 0)
            },
        }
    }

    pub(crate) fn operation(operation: Operation, dst: Register, operand: Operand) -> Self {
        Self::with(CLASS_OPERATION | operation as u8, dst, operand)
    }

    pub(crate) fn load(size: Size, dst: Register, src: Register, offset: i16) -> Self {
        let plain = Self::new(CLASS_LOAD | size as u8, dst, src as u8);
        Self { offset, ..plain }
    }

    pub(crate) fn store(size: Size, dst: Register, offset: i16, operand: Operand) -> Self {
        let plain = match operand {
            Operand::Register(src) => Self::new(CLASS_STORE | size as u8, dst, src as u8),
            Operand::Immediate(immediate) => Self {
                immediate,
                ..Self::new(CLASS_STORE_IMMEDIATE | size as u8, dst, 0)
            },
        };
        Self { offset, ..plain }
    }

    /// `*(dst + offset) += src` of eight bytes, or their exchange.
    pub(crate) fn atomic(what: Atomic, dst: Register, offset: i16, src: Register) -> Self {
        let plain = Self::new(CLASS_ATOMIC, dst, src as u8);
        Self {
            offset,
            immediate: what as i32,
            ..plain
        }
    }

    pub(crate) fn jump() -> Self {
        Self::new(CLASS_JUMP, Register::R0, 0)
    }

    pub(crate) fn jump_if(condition: Condition, dst: Register, operand: Operand) -> Self {
        Self::with(CLASS_JUMP | condition as u8, dst, operand)
    }

    pub(crate) fn call(helper: Helper) -> Self {
        Self {
            immediate: helper as i32,
            ..Self::new(CLASS_JUMP | 0x80, Register::R0, 0)
        }
    }

    pub(crate) fn exit() -> Self {
        Self::new(CLASS_JUMP | 0x90, Register::R0, 0)
    }

    /// The two instructions that load a number of 64 bits.
    pub(crate) fn load_number(dst: Register, number: i64) -> [Self; 2] {
        let half = |immediate| Self {
            immediate,
            ..Self::default()
        };
        let first = Self::new(CLASS_LOAD_WIDE, dst, 0);
        let [low, high] = [number as i32, (number >> 32) as i32];
        [
            Self {
                immediate: low,
                ..first
            },
            half(high),
        ]
    }

    /// The two instructions that load a map's address.
    pub(crate) fn load_map(dst: Register, descriptor: i32) -> [Self; 2] {
        let first = Self {
            immediate: descriptor,
            ..Self::new(CLASS_LOAD_WIDE, dst, MAP_DESCRIPTOR)
        };
        [first, Self::default()]
    }

    /// The two instructions that load the address of an array's first value.
    pub(crate) fn load_first_value(dst: Register, descriptor: i32) -> [Self; 2] {
        let [first, second] = Self::load_map(dst, descriptor);
        let registers = dst as u8 | MAP_VALUE << 4;
        [Self { registers, ..first }, second]
    }

    pub(crate) fn encode(self) -> u64 {
        let offset = u64::from(self.offset.cast_unsigned());
        let immediate = u64::from(self.immediate.cast_unsigned());
        u64::from(self.opcode) | u64::from(self.registers) << 8 | offset << 16 | immediate << 32
    }
}
