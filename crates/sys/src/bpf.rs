//! The system call `bpf`: maps, programs, and where they run.
//!
//! ```text
//!   attr   | map_type | key_size | value_size | max_entries | …      BPF_MAP_CREATE
//!          | map_fd   | -        | key *      | value *     | …      BPF_MAP_LOOKUP_ELEM
//! ```
//!
//! The offsets are those of `union bpf_attr` in the kernel's `include/uapi/linux/bpf.h`, which only
//! ever grows.
//!
//! Invariant: the kernel reads and writes exactly the buffers whose lengths were checked here.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const MAP_CREATE: libc::c_long = 0;
const MAP_LOOKUP: libc::c_long = 1;
const MAP_UPDATE: libc::c_long = 2;
const PROG_LOAD: libc::c_long = 5;
const RAW_TRACEPOINT_OPEN: libc::c_long = 17;

const TYPE_ARRAY: u32 = 2;
const TYPE_ARRAY_OF_MAPS: u32 = 12;
const TYPE_RINGBUF: u32 = 27;

const PROG_TRACING: u32 = 26;
const TRACE_RAW_TP: u32 = 23;

/// Bytes of the attribute that are given: all that kernels with these commands know.
const ATTR_BYTES: usize = 128;

/// `union bpf_attr`.
#[repr(C, align(8))]
pub(crate) struct Attr([u8; ATTR_BYTES]);

impl Attr {
    pub(crate) fn new() -> Self {
        Self([0; ATTR_BYTES])
    }

    pub(crate) fn u32(mut self, at: usize, value: u32) -> Self {
        self.0[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        self
    }

    pub(crate) fn fd(self, at: usize, fd: BorrowedFd<'_>) -> Self {
        self.u32(at, fd.as_raw_fd().cast_unsigned())
    }

    pub(crate) fn pointer<T>(mut self, at: usize, to: *const T) -> Self {
        self.0[at..at + 8].copy_from_slice(&(to.expose_provenance() as u64).to_ne_bytes());
        self
    }

    /// # Safety
    /// Pointers in the attribute lead to buffers as long as the command takes them to be.
    unsafe fn call(self, command: libc::c_long) -> io::Result<libc::c_long> {
        // SAFETY: the caller vouches for it.
        unsafe { self.call_and_read(command, 0) }.0
    }

    /// The same, and what the kernel has written at `at` in the attribute.
    ///
    /// # Safety
    /// As for [`Self::call`].
    pub(crate) unsafe fn call_and_read(
        mut self,
        command: libc::c_long,
        at: usize,
    ) -> (io::Result<libc::c_long>, u32) {
        let mut call = || {
            // SAFETY: the attribute is as long as we say; the caller vouches for what it points at.
            let result =
                unsafe { libc::syscall(libc::SYS_bpf, command, self.0.as_mut_ptr(), ATTR_BYTES) };
            match result {
                -1 => Err(io::Error::last_os_error()),
                result => Ok(result),
            }
        };
        let result = match call() {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) && takes_memory(command) => {
                without_limit(call).unwrap_or(Err(error))
            }
            result => result,
        };
        let mut word = [0; 4];
        word.copy_from_slice(&self.0[at..at + 4]);
        (result, u32::from_ne_bytes(word))
    }

    /// # Safety
    /// As for [`Self::call`].
    unsafe fn call_for_fd(self, command: libc::c_long) -> io::Result<OwnedFd> {
        // SAFETY: the caller vouches for it.
        let fd = unsafe { self.call(command) }?;
        let fd = i32::try_from(fd).map_err(|_| io::ErrorKind::InvalidData)?;
        // SAFETY: the kernel just gave us the descriptor.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

/// Whether kernels before 5.11 count what the command makes as memory that this process has locked.
const fn takes_memory(command: libc::c_long) -> bool {
    matches!(command, MAP_CREATE | PROG_LOAD)
}

/// What a call gives while this process may lock any amount of memory, which only those kernels ask about
/// and only at that moment; `None` if it cannot be let.
fn without_limit<T>(call: impl FnOnce() -> T) -> Option<T> {
    let before = getrlimit(Resource::Memlock);
    let none = Rlimit {
        current: None,
        maximum: None,
    };
    setrlimit(Resource::Memlock, none).ok()?;
    let result = call();
    // It was allowed to be so before.
    let _ = setrlimit(Resource::Memlock, before);
    Some(result)
}

/// An array of values of one size, which programs and this process read and write.
#[derive(Debug)]
pub struct BpfArray {
    fd: OwnedFd,
    value_bytes: usize,
}

impl BpfArray {
    /// An array of zeros.
    ///
    /// # Errors
    /// The kernel refuses: no right to it, no memory, or no such map.
    pub fn new(value_bytes: u32, entries: u32) -> io::Result<Self> {
        let fd = create_map(TYPE_ARRAY, (4, value_bytes), entries)?;
        Ok(Self {
            fd,
            value_bytes: value_bytes as usize,
        })
    }

    /// An array with a map for each entry, all of one kind: rings, or tables.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn of_maps(maps: &[(u32, BorrowedFd<'_>)], entries: u32) -> io::Result<Self> {
        let (_, like) = maps.first().ok_or(io::ErrorKind::InvalidInput)?;
        let attr = create(TYPE_ARRAY_OF_MAPS, (4, 4), entries).fd(20, *like);
        // SAFETY: no pointer is in it.
        let fd = unsafe { attr.call_for_fd(MAP_CREATE) }?;
        let array = Self { fd, value_bytes: 4 };
        for (index, map) in maps {
            array.put_map(*index, *map)?;
        }
        Ok(array)
    }

    /// Puts a map into an array of them. Programs that had begun before have ended when this returns: none
    /// uses any longer what it had found before that.
    ///
    /// # Errors
    /// There is no such entry, or it is a map of another kind.
    pub fn put_map(&self, index: u32, map: BorrowedFd<'_>) -> io::Result<()> {
        self.write(index, &map.as_raw_fd().to_ne_bytes())
    }

    /// Bytes of each value.
    pub const fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    /// Reads a value.
    ///
    /// # Errors
    /// There is no such entry.
    ///
    /// # Panics
    /// `value` is not as long as the array's values.
    pub fn read(&self, index: u32, value: &mut [u8]) -> io::Result<()> {
        assert_eq!(value.len(), self.value_bytes, "a value's length");
        let attr = self.element(&index).pointer(16, value.as_mut_ptr());
        // SAFETY: the kernel reads a key of 4 bytes, and writes one value, for which there is room.
        unsafe { attr.call(MAP_LOOKUP) }.map(drop)
    }

    /// Writes a value.
    ///
    /// # Errors
    /// There is no such entry.
    ///
    /// # Panics
    /// `value` is not as long as the array's values.
    pub fn write(&self, index: u32, value: &[u8]) -> io::Result<()> {
        assert_eq!(value.len(), self.value_bytes, "a value's length");
        let attr = self.element(&index).pointer(16, value.as_ptr());
        // SAFETY: the kernel reads a key of 4 bytes and one value.
        unsafe { attr.call(MAP_UPDATE) }.map(drop)
    }

    fn element(&self, index: &u32) -> Attr {
        Attr::new().fd(0, self.fd.as_fd()).pointer(8, index)
    }
}

impl AsFd for BpfArray {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn create(kind: u32, (key_bytes, value_bytes): (u32, u32), entries: u32) -> Attr {
    let sizes = Attr::new()
        .u32(0, kind)
        .u32(4, key_bytes)
        .u32(8, value_bytes);
    sizes.u32(12, entries)
}

/// Makes a map with these bytes of key and value.
pub(crate) fn create_map(kind: u32, sizes: (u32, u32), entries: u32) -> io::Result<OwnedFd> {
    // SAFETY: no pointer is in it.
    unsafe { create(kind, sizes, entries).call_for_fd(MAP_CREATE) }
}

/// Makes a ring buffer of `bytes`, a power of two and a multiple of the page's size.
pub(crate) fn create_ring(bytes: u32) -> io::Result<OwnedFd> {
    create_map(TYPE_RINGBUF, (0, 0), bytes)
}

/// Loads a program for a raw tracepoint whose arguments have types: `btf_id` is that of the
/// tracepoint's `btf_trace_…` in the kernel's BTF. What the verifier says is in `log`, up to its NUL.
///
/// # Errors
/// The kernel refuses the program, or us.
pub fn bpf_load_tracing(
    instructions: &[u64],
    license: &std::ffi::CStr,
    btf_id: u32,
    log: &mut [u8],
) -> io::Result<OwnedFd> {
    load(PROG_TRACING, instructions, license, log, |attr| {
        attr.u32(68, TRACE_RAW_TP).u32(108, btf_id)
    })
}

/// Loads a program of a kind; `more` adds to the attribute what the kind needs, no pointers.
pub(crate) fn load(
    kind: u32,
    instructions: &[u64],
    license: &std::ffi::CStr,
    log: &mut [u8],
    more: impl FnOnce(Attr) -> Attr,
) -> io::Result<OwnedFd> {
    let count = u32::try_from(instructions.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let log_bytes = u32::try_from(log.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut attr = more(Attr::new().u32(0, kind).u32(4, count))
        .pointer(8, instructions.as_ptr())
        .pointer(16, license.as_ptr());
    if log_bytes > 0 {
        attr = attr
            .u32(24, 1)
            .u32(28, log_bytes)
            .pointer(32, log.as_mut_ptr());
    }
    // SAFETY: the kernel reads `count` instructions and a string that ends with NUL, and writes at
    // most `log_bytes`.
    unsafe { attr.call_for_fd(PROG_LOAD) }
}

/// Has a program run at the tracepoint that it was loaded for, until the descriptor is closed.
///
/// # Errors
/// The kernel refuses.
pub fn bpf_attach_tracing(program: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // No name: the program knows its tracepoint.
    let attr = Attr::new().fd(8, program);
    // SAFETY: the only pointer in it is null, which stands for no name.
    unsafe { attr.call_for_fd(RAW_TRACEPOINT_OPEN) }
}
