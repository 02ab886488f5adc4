//! Which processes are the recorder's own, so that a recording does not record itself.
//!
//! ```text
//!   array   | this process | one more | stopped |      numbers in this process's pid namespace
//! ```
//!
//! The kernel gives a program the numbers of the first namespace; in another one (a container) it is
//! asked for those of ours.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R10};
use thalweg_bpf::{Assembler, Condition, Helper, Label, Size};
use thalweg_kbuf::FIRST_PID_NAMESPACE;
use thalweg_sys::BpfArray;

use crate::bpf::set_unsigned;

/// Own processes that an array has room for.
const ROOM: usize = 2;
/// Where the array says that nothing is recorded any more.
const STOPPED: i16 = 4 * ROOM as i16;
/// On the stack: a process's and a thread's number.
const NUMBERS: i16 = -80;

/// The own processes, and how a program finds out whose process is running.
#[derive(Debug)]
pub(crate) struct Own {
    array: BpfArray,
    numbers: [u32; ROOM],
    is_stopped: bool,
    /// Device and inode of the namespace, if it is not the first.
    namespace: Option<(u32, u32)>,
}

impl Own {
    /// This process.
    pub(crate) fn new() -> io::Result<Self> {
        let namespace = fs::metadata("/proc/self/ns/pid")?;
        let (device, inode) = (namespace.dev(), namespace.ino());
        let other = (inode != FIRST_PID_NAMESPACE).then_some((device as u32, inode as u32));
        let own = Self {
            array: BpfArray::new(4 * (ROOM as u32 + 1), 1)?,
            // Not 0: that is who runs when nothing does.
            numbers: [std::process::id(); ROOM],
            is_stopped: false,
            namespace: other,
        };
        own.write()?;
        Ok(own)
    }

    /// And this one.
    pub(crate) fn add(&mut self, process: u32) -> io::Result<()> {
        self.numbers[1] = process;
        self.write()
    }

    /// Whether programs record: one that begins when this has returned sees it.
    pub(super) fn set_stopped(&mut self, is_stopped: bool) -> io::Result<()> {
        self.is_stopped = is_stopped;
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let [one, other] = self.numbers.map(u32::to_ne_bytes);
        let bytes = [one, other, u32::from(self.is_stopped).to_ne_bytes()].concat();
        self.array.write(0, &bytes)
    }

    /// What a program's code needs to know.
    pub(crate) fn check(&self) -> OwnCheck<'_> {
        OwnCheck {
            array: self.array.as_fd(),
            namespace: self.namespace,
        }
    }
}

/// The same, for a program's code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnCheck<'a> {
    array: BorrowedFd<'a>,
    namespace: Option<(u32, u32)>,
}

impl OwnCheck<'_> {
    /// Writes code that goes on at `out` if nothing is recorded any more.
    pub(super) fn write_stopped(self, a: &mut Assembler, out: Label) {
        a.load_first_value(R2, self.array);
        a.load(Size::Four, R2, (R2, STOPPED));
        a.jump_if(Condition::NotEqual, R2, 0, out);
    }

    /// Writes code that goes on at `out` if the running process is an own one; R0 is what the kernel
    /// says of process and thread.
    pub(crate) fn write(self, a: &mut Assembler, out: Label) {
        let foreign = a.label();
        match self.namespace {
            None => {
                a.set(R2, R0);
                a.shift_right(R2, 32);
            }
            Some((device, inode)) => {
                set_unsigned(a, R1, device);
                set_unsigned(a, R2, inode);
                a.set(R3, R10);
                a.add(R3, i32::from(NUMBERS));
                a.set(R4, 8);
                a.call(Helper::GetNsCurrentPidTgid);
                a.jump_if(Condition::NotEqual, R0, 0, foreign);
                a.load(Size::Four, R2, (R10, NUMBERS + 4));
            }
        }
        a.load_first_value(R1, self.array);
        for place in 0..ROOM as i16 {
            a.load(Size::Four, R3, (R1, 4 * place));
            a.jump_if(Condition::Equal, R2, R3, out);
        }
        a.bind(foreign);
    }
}
