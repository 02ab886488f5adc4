//! The system call `perf_event_open`: counters, and what the kernel samples.
//!
//! ```text
//!   attr   | type: u32 | size: u32 | config | period | sample_type | read_format | flags | …
//!          0           4           8        16       24            32            40
//! ```
//!
//! The offsets are those of `struct perf_event_attr` in the kernel's
//! `include/uapi/linux/perf_event.h`, which only ever grows.
//!
//! Invariant: the kernel reads and writes exactly the buffers whose lengths are said here.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Bytes of the attribute: all that Linux 4.1 to 5.4 know, and all that is needed.
const ATTR_BYTES: usize = 112;
const FLAG_CLOEXEC: libc::c_ulong = 1 << 3;

const ENABLE: libc::Ioctl = 0x2400;
const DISABLE: libc::Ioctl = 0x2401;
const SET_OUTPUT: libc::Ioctl = 0x2405;
/// They depend on the size of what is read and written: a pointer, a number of 64 bits.
const SET_FILTER: libc::Ioctl = 0x4008_2406;
const ID: libc::Ioctl = 0x8008_2407;

/// What an event counts and records: the fields of `struct perf_event_attr` by their names there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the kernel's names")]
pub struct PerfAttr {
    pub kind: u32,
    pub config: u64,
    /// A period, or with [`Self::FREQ`] a frequency in hertz.
    pub period: u64,
    pub sample_type: u64,
    pub read_format: u64,
    pub flags: u64,
    /// Bytes in the ring that wake its reader, with [`Self::WATERMARK`].
    pub wakeup: u32,
    /// A clock's number, with [`Self::USE_CLOCKID`].
    pub clock_id: i32,
}

#[allow(missing_docs, reason = "the kernel's names")]
impl PerfAttr {
    pub const DISABLED: u64 = 1;
    pub const INHERIT: u64 = 1 << 1;
    pub const EXCLUDE_KERNEL: u64 = 1 << 5;
    pub const EXCLUDE_IDLE: u64 = 1 << 7;
    pub const MMAP: u64 = 1 << 8;
    pub const COMM: u64 = 1 << 9;
    pub const FREQ: u64 = 1 << 10;
    pub const ENABLE_ON_EXEC: u64 = 1 << 12;
    pub const TASK: u64 = 1 << 13;
    pub const WATERMARK: u64 = 1 << 14;
    pub const SAMPLE_ID_ALL: u64 = 1 << 18;
    pub const EXCLUDE_GUEST: u64 = 1 << 20;
    pub const EXCLUDE_CALLCHAIN_KERNEL: u64 = 1 << 21;
    pub const EXCLUDE_CALLCHAIN_USER: u64 = 1 << 22;
    pub const MMAP2: u64 = 1 << 23;
    pub const COMM_EXEC: u64 = 1 << 24;
    pub const USE_CLOCKID: u64 = 1 << 25;
    pub const BUILD_ID: u64 = 1 << 34;

    pub const SAMPLE_IP: u64 = 1;
    pub const SAMPLE_TID: u64 = 1 << 1;
    pub const SAMPLE_TIME: u64 = 1 << 2;
    pub const SAMPLE_READ: u64 = 1 << 4;
    pub const SAMPLE_CALLCHAIN: u64 = 1 << 5;
    pub const SAMPLE_PERIOD: u64 = 1 << 8;
    pub const SAMPLE_RAW: u64 = 1 << 10;
    pub const SAMPLE_IDENTIFIER: u64 = 1 << 16;

    pub const READ_TIME_ENABLED: u64 = 1;
    pub const READ_TIME_RUNNING: u64 = 1 << 1;
    pub const READ_GROUP: u64 = 1 << 3;
    /// Linux 6.0.
    pub const READ_LOST: u64 = 1 << 4;

    fn bytes(&self) -> [u8; ATTR_BYTES] {
        let mut bytes = [0; ATTR_BYTES];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &self.kind.to_ne_bytes());
        put(4, &(ATTR_BYTES as u32).to_ne_bytes());
        put(8, &self.config.to_ne_bytes());
        put(16, &self.period.to_ne_bytes());
        put(24, &self.sample_type.to_ne_bytes());
        put(32, &self.read_format.to_ne_bytes());
        put(40, &self.flags.to_ne_bytes());
        put(48, &self.wakeup.to_ne_bytes());
        put(92, &self.clock_id.to_ne_bytes());
        bytes
    }
}

/// Whose doings an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerfTarget {
    /// All that a CPU does.
    Cpu(u32),
    /// A thread, wherever it runs; 0 is the calling one.
    Thread(u32),
    /// A thread, as long as it runs on this CPU.
    ThreadOnCpu(u32, u32),
}

impl PerfTarget {
    fn words(self) -> (libc::pid_t, libc::c_int) {
        let signed = u32::cast_signed;
        match self {
            Self::Cpu(cpu) => (-1, signed(cpu)),
            Self::Thread(thread) => (signed(thread), -1),
            Self::ThreadOnCpu(thread, cpu) => (signed(thread), signed(cpu)),
        }
    }
}

/// An open event.
#[derive(Debug)]
pub struct PerfEvent {
    fd: OwnedFd,
}

impl PerfEvent {
    /// Opens an event.
    ///
    /// # Errors
    /// The kernel refuses: no such event, no right to it, no such thread.
    pub fn open(attr: &PerfAttr, target: PerfTarget) -> io::Result<Self> {
        Self::open_number(attr, target, -1)
    }

    /// Opens an event in the group of another one: they are read together, and counted as soon and as
    /// long as the first one is. (Enabled by itself it is not always scheduled beside one of another kind.)
    ///
    /// # Errors
    /// As for [`Self::open`]; or the group is full, or of another target.
    pub fn open_beside(attr: &PerfAttr, target: PerfTarget, first: &Self) -> io::Result<Self> {
        Self::open_number(attr, target, first.fd.as_raw_fd())
    }

    fn open_number(attr: &PerfAttr, target: PerfTarget, group: libc::c_int) -> io::Result<Self> {
        let bytes = attr.bytes();
        let (thread, cpu) = target.words();
        // SAFETY: the attributes are live, and as many bytes as they say.
        let fd = unsafe {
            libc::syscall(
                libc::SYS_perf_event_open,
                bytes.as_ptr(),
                thread,
                cpu,
                group,
                FLAG_CLOEXEC,
            )
        };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0);
        let fd = fd.ok_or_else(io::Error::last_os_error)?;
        // SAFETY: the kernel just gave us the descriptor.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd })
    }

    /// Counts from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn enable(&self) -> io::Result<()> {
        self.order(ENABLE, 0)
    }

    /// Counts no more.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn disable(&self) -> io::Result<()> {
        self.order(DISABLE, 0)
    }

    /// Records into the ring of another event of the same CPU and clock.
    ///
    /// # Errors
    /// The other has no ring, or another CPU or clock.
    pub fn set_output(&self, other: BorrowedFd<'_>) -> io::Result<()> {
        self.order(SET_OUTPUT, other.as_raw_fd())
    }

    /// Has a tracepoint's event pass only what fits a filter in the kernel's language.
    ///
    /// # Errors
    /// The kernel does not understand it.
    pub fn set_filter(&self, filter: &CStr) -> io::Result<()> {
        // SAFETY: the kernel reads a text that ends with a NUL.
        check(unsafe { libc::ioctl(self.fd.as_raw_fd(), SET_FILTER, filter.as_ptr()) })
    }

    /// The number that records carry.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn id(&self) -> io::Result<u64> {
        let mut id = 0_u64;
        // SAFETY: the kernel writes a number of 64 bits, for which there is room.
        check(unsafe { libc::ioctl(self.fd.as_raw_fd(), ID, &raw mut id) })?;
        Ok(id)
    }

    /// Reads the numbers that `read_format` asked for: the value, then the others in the order of their
    /// bits.
    ///
    /// # Errors
    /// The kernel refuses, or has other numbers.
    pub fn read<const N: usize>(&self) -> io::Result<[u64; N]> {
        let mut bytes = [[0_u8; 8]; N];
        let read = rustix::io::read(&self.fd, bytes.as_flattened_mut())?;
        match read == 8 * N {
            true => Ok(bytes.map(u64::from_ne_bytes)),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Reads the numbers of a whole group, with [`PerfAttr::READ_GROUP`]: how many events it has, then
    /// those of each; `most` events at most.
    ///
    /// # Errors
    /// The kernel refuses, or there are more.
    pub fn read_group(&self, most: usize) -> io::Result<Vec<u64>> {
        let mut bytes = vec![[0_u8; 8]; 1 + 2 * most];
        let read = rustix::io::read(&self.fd, bytes.as_flattened_mut())?;
        bytes.truncate(read / 8);
        Ok(bytes.into_iter().map(u64::from_ne_bytes).collect())
    }

    fn order(&self, request: libc::Ioctl, argument: libc::c_int) -> io::Result<()> {
        // SAFETY: the requests take a number, no pointer.
        check(unsafe { libc::ioctl(self.fd.as_raw_fd(), request, argument) })
    }
}

impl AsFd for PerfEvent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn check(returned: libc::c_int) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOFTWARE: u32 = 1;
    const PAGE_FAULTS: u64 = 2;

    #[test]
    fn the_page_faults_of_this_thread_are_counted() {
        let attr = PerfAttr {
            kind: SOFTWARE,
            config: PAGE_FAULTS,
            read_format: PerfAttr::READ_TIME_ENABLED | PerfAttr::READ_TIME_RUNNING,
            flags: PerfAttr::DISABLED | PerfAttr::EXCLUDE_KERNEL,
            ..PerfAttr::default()
        };
        let event = PerfEvent::open(&attr, PerfTarget::Thread(0)).unwrap();
        assert_ne!(event.id().unwrap(), 0);
        event.enable().unwrap();
        let room = vec![1_u8; 1 << 20];
        event.disable().unwrap();
        let [count, enabled, running] = event.read().unwrap();
        assert!(count >= 256, "{count} faults, {} bytes", room.len());
        assert!(enabled > 0 && enabled == running);
        assert!(event.read::<2>().is_err(), "three numbers were asked for");
    }

    #[test]
    fn a_group_is_read_together() {
        let attr = |config, flags| PerfAttr {
            kind: SOFTWARE,
            config,
            read_format: PerfAttr::READ_GROUP,
            flags,
            ..PerfAttr::default()
        };
        let target = PerfTarget::Thread(0);
        let first = attr(PAGE_FAULTS, PerfAttr::DISABLED);
        let first = PerfEvent::open(&first, target).unwrap();
        let clock = PerfEvent::open_beside(&attr(1, 0), target, &first).unwrap();
        first.enable().unwrap();
        let room = vec![1_u8; 1 << 20];
        let read = first.read_group(2).unwrap();
        assert_eq!((read.len(), read[0]), (3, 2), "{} bytes", room.len());
        assert!(read[1] >= 256 && read[2] > 0, "{read:?}");
        assert!(clock.read_group(0).is_err(), "they are two");
    }

    #[test]
    fn what_there_is_not_is_refused() {
        let attr = PerfAttr {
            kind: SOFTWARE,
            config: 999,
            ..PerfAttr::default()
        };
        assert!(PerfEvent::open(&attr, PerfTarget::Thread(0)).is_err());
    }
}
