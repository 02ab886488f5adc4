//! What all our programs in the kernel have in common.

use std::fs;
use std::os::fd::BorrowedFd;
use std::path::Path;

use thalweg_bpf::Register::{R0, R1, R2, R4, R10};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Helper, Label, Register};

use crate::Error;

const BTF: &str = "/sys/kernel/btf/vmlinux";

/// No kernel has more numbers for threads.
const MOST_THREADS: u32 = 1 << 22;

/// The reader reads when it has to: nobody is woken.
const NO_WAKEUP: i32 = 1;

/// The kernel takes programs whose licence lets them call what the kernel has for free software only.
pub(crate) const LICENSE: &std::ffi::CStr = c"Dual MIT/GPL";

/// What our programs call; the newest came with Linux 5.11.
const HELPERS: [Helper; 13] = [
    Helper::MapLookupElem,
    Helper::KtimeGetNs,
    Helper::GetSmpProcessorId,
    Helper::GetCurrentPidTgid,
    Helper::GetCurrentComm,
    Helper::ProbeReadUser,
    Helper::ProbeReadUserStr,
    Helper::ProbeReadKernel,
    Helper::ProbeReadKernelStr,
    Helper::GetNsCurrentPidTgid,
    Helper::RingbufOutput,
    Helper::GetStack,
    Helper::GetCurrentTaskBtf,
];

/// The kernel's types.
pub(crate) fn read_btf() -> Result<Btf, Error> {
    let path = Path::new(BTF);
    let bytes = fs::read(path).map_err(|error| Error::io("read", path, error))?;
    Ok(Btf::parse(bytes)?)
}

/// Where a member is, near enough for an instruction.
pub(crate) fn find_offset(btf: &Btf, structure: &str, path: &str) -> Result<i16, BtfError> {
    let offset = btf.offset_of(structure, path)?;
    i16::try_from(offset).map_err(|_| BtfError::Missing {
        what: format!("{structure}.{path} within 32 KiB"),
    })
}

/// Hands a record on the stack over, whose bytes are counted in R3, or counts it in the first value of
/// `lost`, where all processors count.
pub(crate) fn write_to_ring(
    a: &mut Assembler,
    record: i16,
    ring: BorrowedFd<'_>,
    lost: BorrowedFd<'_>,
) {
    let done = a.label();
    a.load_map(R1, ring);
    a.set(R2, R10);
    a.add(R2, i32::from(record));
    a.set(R4, NO_WAKEUP);
    a.call(Helper::RingbufOutput);
    a.jump_if(Condition::Equal, R0, 0, done);
    a.load_first_value(R1, lost);
    a.set(R2, 1);
    a.add_atomically((R1, 0), R2);
    a.bind(done);
}

/// `R0 = ` the value of `map` whose key is on the stack.
pub(crate) fn look_up(a: &mut Assembler, map: BorrowedFd<'_>, key: i16, missing: Label) {
    a.load_map(R1, map);
    a.set(R2, R10);
    a.add(R2, i32::from(key));
    a.call(Helper::MapLookupElem);
    a.jump_if(Condition::Equal, R0, 0, missing);
}

/// How many numbers the kernel gives to threads.
pub(crate) fn thread_numbers() -> u32 {
    let text = fs::read_to_string(Path::new("/proc/sys/kernel/pid_max"));
    let most = text.ok().and_then(|text| text.trim().parse().ok());
    most.unwrap_or(MOST_THREADS).clamp(1, MOST_THREADS)
}

/// A number of 32 bits, without a sign.
pub(crate) fn set_unsigned(a: &mut Assembler, register: Register, number: u32) {
    a.set(register, number.cast_signed());
    a.shift_left(register, 32);
    a.shift_right(register, 32);
}

/// Whether the kernel has what our programs call.
pub(crate) fn check_helpers(btf: &Btf) -> Result<(), Error> {
    for helper in HELPERS {
        if !btf.has_label("bpf_func_id", helper.label())? {
            let what = helper.label().to_owned();
            return Err(BtfError::Missing { what }.into());
        }
    }
    Ok(())
}

/// Why the kernel has refused a program: because of what it lacks, if that is known.
pub(crate) fn or_lacking(btf: &Btf, refusal: Error) -> Error {
    check_helpers(btf).err().unwrap_or(refusal)
}
