//! The system calls that the library makes: before `main`, in a forked child, and futexes.
//!
//! All are async-signal-safe, and none leaves a trace in `errno`: see [`ErrnoKept`].

use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::AtomicU64;

/// Restores `errno` when dropped: a traced program must not see that we called the kernel.
pub(crate) struct ErrnoKept(c_int);

impl ErrnoKept {
    pub(crate) fn new() -> Self {
        // SAFETY: `errno` is this thread's, live as long as the thread.
        Self(unsafe { errno().read() })
    }
}

impl Drop for ErrnoKept {
    fn drop(&mut self) {
        // SAFETY: as in `new`; the drop is on the same thread.
        unsafe { errno().write(self.0) };
    }
}

fn errno() -> *mut c_int {
    // SAFETY: returns the address of this thread's errno.
    unsafe { libc::__errno_location() }
}

/// A descriptor that is closed when dropped.
pub(crate) struct Fd(pub(crate) c_int);

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        unsafe { libc::close(self.0) };
    }
}

fn fd(result: c_int) -> Option<Fd> {
    (result >= 0).then_some(Fd(result))
}

pub(crate) fn gettid() -> u32 {
    let _errno = ErrnoKept::new();
    // SAFETY: no memory is passed.
    unsafe { libc::syscall(libc::SYS_gettid) as u32 }
}

pub(crate) fn getpid() -> u32 {
    // SAFETY: no memory is passed. The raw call: glibc's may not know of a raw clone.
    unsafe { libc::syscall(libc::SYS_getpid) as u32 }
}

/// Random bytes; what the kernel does not give is 0.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let _errno = ErrnoKept::new();
    let mut bytes = [0; N];
    // SAFETY: the bytes are live, and as many as is said.
    unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), N, 0) };
    bytes
}

/// Real, effective and saved id of the user, and of the group.
pub(crate) fn ids() -> [u32; 6] {
    let mut ids = [0; 6];
    let [
        user,
        effective_user,
        saved_user,
        group,
        effective_group,
        saved_group,
    ] = &mut ids;
    // SAFETY: the pointers are to live integers.
    unsafe { libc::getresuid(user, effective_user, saved_user) };
    // SAFETY: as above.
    unsafe { libc::getresgid(group, effective_group, saved_group) };
    ids
}

/// The thread's name, NUL-padded.
pub(crate) fn procname() -> [u8; 16] {
    let mut name = [0; 16];
    // SAFETY: the kernel writes at most 16 bytes, the name and a NUL.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

pub(crate) fn open(folder: c_int, path: &CStr, flags: c_int, mode: libc::mode_t) -> Option<Fd> {
    let flags = flags | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    // SAFETY: the path is a C string.
    fd(unsafe { libc::openat(folder, path.as_ptr(), flags, mode) })
}

/// Opens a path whose last part may be a link.
pub(crate) fn open_followed(path: &CStr, flags: c_int) -> Option<Fd> {
    // SAFETY: the path is a C string.
    fd(unsafe { libc::open(path.as_ptr(), flags) })
}

pub(crate) fn read(from: &Fd, buffer: &mut [u8]) -> usize {
    // SAFETY: the buffer is writable for its length.
    let n = unsafe { libc::read(from.0, buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(n).unwrap_or(0)
}

pub(crate) fn write_all(to: &Fd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the bytes are readable for their length.
        let n = unsafe { libc::write(to.0, bytes.as_ptr().cast(), bytes.len()) };
        let Ok(n @ 1..) = usize::try_from(n) else {
            return false;
        };
        bytes = &bytes[n..];
    }
    true
}

/// Moves a descriptor out of the way of the program's own low numbers.
pub(crate) fn move_up(from: Fd) -> Fd {
    // SAFETY: no memory is passed.
    let moved = unsafe { libc::fcntl(from.0, libc::F_DUPFD_CLOEXEC, 700) };
    fd(moved).unwrap_or(from)
}

/// Puts private zeroed pages where nothing is mapped; whether that could be done.
pub(crate) fn fill(at: *mut c_void, len: usize) -> bool {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags =
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: replaces nothing.
    let mapped = unsafe { libc::mmap(at, len, protection, flags, -1, 0) };
    mapped == at
}

/// Whether a file may have so many bytes: to make a larger one would be SIGXFSZ.
fn may_be_as_large_as(len: usize) -> bool {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a live limit.
    unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    limit.rlim_cur >= len as libc::rlim_t
}

/// A memfd of `len` bytes without pages, which nobody can shrink or grow.
pub(crate) fn sealed_memfd(len: usize) -> Option<Fd> {
    if !may_be_as_large_as(len) {
        return None;
    }
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // SAFETY: the name is a C string.
    let memfd = fd(unsafe { libc::memfd_create(c"thalweg".as_ptr(), flags) })?;
    // SAFETY: no memory is passed.
    if unsafe { libc::ftruncate(memfd.0, len as libc::off_t) } != 0 {
        return None;
    }
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: no memory is passed.
    (unsafe { libc::fcntl(memfd.0, libc::F_ADD_SEALS, seals) } == 0).then_some(memfd)
}

/// Gives a range of a file its memory, so that touching it cannot fail later.
pub(crate) fn allocate(file: &Fd, offset: usize, len: usize) -> bool {
    // SAFETY: no memory is passed.
    unsafe { libc::fallocate(file.0, 0, offset as libc::off_t, len as libc::off_t) == 0 }
}

/// Gives a range of a mapping its memory; `false` if there is none to be had, which touching it
/// would show as SIGBUS.
pub(crate) fn populate(at: *mut c_void, len: usize) -> bool {
    const POPULATE_WRITE: c_int = 23;
    // SAFETY: only faults pages in, of a mapping of ours.
    unsafe { libc::madvise(at, len, POPULATE_WRITE) == 0 }
}

/// Maps a file shared; forked children do not get it, core dumps leave it out.
pub(crate) fn map_shared(file: &Fd, len: usize) -> Option<*mut c_void> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
    // SAFETY: the kernel chooses an address that nobody uses.
    let at = unsafe { libc::mmap(core::ptr::null_mut(), len, protection, flags, file.0, 0) };
    if at == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: our own mapping.
    unsafe { libc::madvise(at, len, libc::MADV_DONTDUMP) };
    // SAFETY: our own mapping.
    unsafe { libc::madvise(at, len, libc::MADV_DONTFORK) };
    Some(at)
}

/// Private zeroed pages.
pub(crate) fn pages(len: usize) -> Option<*mut c_void> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: the kernel chooses an address that nobody uses.
    let at = unsafe { libc::mmap(core::ptr::null_mut(), len, protection, flags, -1, 0) };
    (at != libc::MAP_FAILED).then_some(at)
}

/// Gives pages back that nobody refers to any more.
pub(crate) fn unmap(at: *mut c_void, len: usize) {
    // SAFETY: pages of ours, by the caller's promise.
    unsafe { libc::munmap(at, len) };
}

/// Private zeroed pages that a forked child finds zeroed again.
pub(crate) fn wiped_pages(len: usize) -> Option<*mut c_void> {
    let at = pages(len)?;
    // SAFETY: our own mapping.
    (unsafe { libc::madvise(at, len, libc::MADV_WIPEONFORK) } == 0).then_some(at)
}

/// Maps a range of a file over pages that are ours.
///
/// # Safety
/// `len` bytes at `at`, both whole pages, belong to a static of ours.
pub(crate) unsafe fn map_over(at: *mut c_void, len: usize, file: &Fd, offset: usize) -> bool {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_FIXED;
    // SAFETY: only the caller's own static is replaced.
    let mapped = unsafe { libc::mmap(at, len, protection, flags, file.0, offset as libc::off_t) };
    mapped == at
}

/// Puts private zeroed pages over pages that are ours.
///
/// # Safety
/// As for [`map_over`].
pub(crate) unsafe fn wipe_over(at: *mut c_void, len: usize) {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: only the caller's own static is replaced.
    unsafe { libc::mmap(at, len, protection, flags, -1, 0) };
}

/// Inode number and length of an open file.
pub(crate) fn identity(file: &Fd) -> Option<libc::stat> {
    let mut stat = core::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the pointer is to room for one stat.
    let done = unsafe { libc::fstat(file.0, stat.as_mut_ptr()) } == 0;
    // SAFETY: filled, as the call succeeded.
    done.then(|| unsafe { stat.assume_init() })
}

/// Wakes whoever sleeps on a control word: the collector, or its pulse.
#[cold]
pub(crate) fn futex_wake(word: &AtomicU64) {
    let _errno = ErrnoKept::new();
    // SAFETY: the address is of a live word; its low half is the futex (little-endian).
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1, 0, 0, 0) };
}

/// Sleeps until a control word is woken, its low half is not `value`, a signal came, or the time is
/// over.
#[cold]
pub(crate) fn futex_wait(word: &AtomicU64, value: u32, wait_ns: u64) {
    let _errno = ErrnoKept::new();
    let time = libc::timespec {
        tv_sec: (wait_ns / 1_000_000_000).cast_signed(),
        tv_nsec: (wait_ns % 1_000_000_000).cast_signed(),
    };
    // SAFETY: word and time are live; the low half of the word is the futex (little-endian).
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            value,
            &raw const time,
        )
    };
}

/// Opens a counter of this thread's, of what it does itself if the kernel's part is not to be known.
#[cold]
pub(crate) fn open_counter(kind: u32, config: u64) -> Option<Fd> {
    /// Bytes of the first version of `struct perf_event_attr`.
    const LEN: usize = 64;
    const EXCLUDE_KERNEL: u64 = 1 << 5;
    const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
    const CLOEXEC: usize = 8;
    let open = |flags: u64| {
        let mut attr = [0_u64; LEN / 8];
        attr[0] = u64::from(kind) | (LEN as u64) << 32;
        attr[1] = config;
        attr[5] = flags;
        // SAFETY: the attributes are live, and as many bytes as they say.
        let opened =
            unsafe { libc::syscall(libc::SYS_perf_event_open, attr.as_ptr(), 0, -1, -1, CLOEXEC) };
        fd(c_int::try_from(opened).unwrap_or(-1))
    };
    open(0).or_else(|| open(EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR))
}

/// The id that the kernel gave a counter; `None` if the descriptor is none of a counter.
pub(crate) fn counter_id(of: &Fd) -> Option<u64> {
    const IOC_ID: libc::c_ulong = 0x8008_2407;
    let mut id = 0_u64;
    // SAFETY: the kernel writes eight bytes, or none.
    let told = unsafe { libc::ioctl(of.0, IOC_ID as _, &raw mut id) };
    (told == 0).then_some(id)
}

/// Whether an address can be read, without a fault if not: the kernel is asked to compare a word there,
/// which it finds there or not, and does not wait.
#[cold]
pub(crate) fn is_readable(address: u64) -> bool {
    let _errno = ErrnoKept::new();
    let no_time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let flags = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the time is live; the kernel reads four bytes at the other address, or does not.
    let waited =
        unsafe { libc::syscall(libc::SYS_futex, address & !3, flags, 0, &raw const no_time) };
    // SAFETY: this thread's own.
    let why = unsafe { errno().read() };
    waited == 0 || why == libc::EAGAIN || why == libc::ETIMEDOUT
}

/// A variable of the environment, for a program that believes its caller: one with more rights than
/// its caller does not. Before `main` only, when nobody changes the environment.
pub(crate) fn trusted_variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: reads a value from the auxiliary vector.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return None;
    }
    // SAFETY: the name is a C string; nobody changes the environment.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv returns a C string that lives in the environment.
    let value = unsafe { CStr::from_ptr(value) };
    Some(value.to_bytes())
}
