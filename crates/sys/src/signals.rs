//! Signals as something to wait for, in programs that want no handler.
//!
//! ```text
//!   Ctrl-C ──▶ blocked, pending ──▶ signalfd ──▶ take()
//! ```
//!
//! Invariant: while a [`Signals`] lives, its signals interrupt nothing; dropping it restores the mask
//! that was there before. Threads and processes inherit the mask of their parent: block before
//! starting a thread, and start programs through [`Signals::release_in`].

use std::fs::File;
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use rustix::process::Signal;

/// Signals that are taken from a descriptor instead of interrupting the program.
pub struct Signals {
    file: File,
    before: libc::sigset_t,
}

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which one.
    pub number: i32,
    /// The kernel sent it, as a terminal does to all processes in the foreground; else a process
    /// sent it to this one.
    pub from_kernel: bool,
}

const RECORD_BYTES: usize = size_of::<libc::signalfd_siginfo>();
/// Offsets in `struct signalfd_siginfo`.
const NUMBER_AT: usize = 0;
const CODE_AT: usize = 8;
const SI_KERNEL: i32 = 0x80;

impl Signals {
    /// Blocks `signals` in the calling thread, and in those that it starts from here on.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn block(signals: &[Signal]) -> io::Result<Self> {
        let set = set_of(signals);
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: the set is live and initialised.
        let fd = unsafe { libc::signalfd(-1, &raw const set, flags) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel just gave us the descriptor.
        let file = unsafe { File::from_raw_fd(fd) };
        let mut before = empty_set();
        // SAFETY: both sets are live and initialised.
        let refused =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before) };
        match refused {
            0 => Ok(Self { file, before }),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// Makes a program start with the mask that was there before.
    pub fn release_in(&self, command: &mut Command) {
        let before = self.before;
        let release = move || {
            // SAFETY: the set is the one that the kernel gave; the old mask is not asked for.
            match unsafe {
                libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut())
            } {
                0 => Ok(()),
                error => Err(io::Error::from_raw_os_error(error)),
            }
        };
        // SAFETY: between fork and exec only the mask is set: no memory is allocated, no lock taken.
        unsafe { command.pre_exec(release) };
    }

    /// The next signal, if one has come.
    pub fn take(&self) -> Option<Received> {
        let mut record = [0; RECORD_BYTES];
        (&self.file).read_exact(&mut record).ok()?;
        let int_at = |at: usize| {
            i32::from_ne_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]])
        };
        let from_kernel = int_at(CODE_AT) == SI_KERNEL;
        Some(Received {
            number: int_at(NUMBER_AT),
            from_kernel,
        })
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Signals {
    /// What has come and was not taken is forgotten: it must not end a program that is just done.
    fn drop(&mut self) {
        while self.take().is_some() {}
        // SAFETY: the set is the one that the kernel gave; the old mask is not asked for.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}

/// Whether the process ignores `signal`, as `nohup` makes it ignore SIGHUP.
pub fn is_ignored(signal: Signal) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: nothing is set; the kernel's answer goes to live room.
    let asked = unsafe { libc::sigaction(signal.as_raw(), ptr::null(), action.as_mut_ptr()) };
    // SAFETY: all-zero is a valid `sigaction`, and a successful call has filled it.
    let action = unsafe { action.assume_init() };
    asked == 0 && action.sa_sigaction == libc::SIG_IGN
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the pointer is to room for one set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: just initialised.
    unsafe { set.assume_init() }
}

fn set_of(signals: &[Signal]) -> libc::sigset_t {
    let mut set = empty_set();
    for signal in signals {
        // SAFETY: the set is live and initialised.
        unsafe { libc::sigaddset(&raw mut set, signal.as_raw()) };
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{getpid, kill_process};

    #[test]
    fn a_signal_is_taken_and_tells_who_sent_it() {
        // In a thread of its own: the mask is the thread's. SIGWINCH harms no other thread that
        // may get it instead; it is sent to this one.
        let taken = std::thread::spawn(|| {
            let signals = Signals::block(&[Signal::WINCH]).unwrap();
            assert_eq!(signals.take(), None);
            // SAFETY: sends the signal to this thread, in which it is blocked.
            unsafe { libc::raise(libc::SIGWINCH) };
            signals.take()
        });
        let number = libc::SIGWINCH;
        assert_eq!(
            taken.join().unwrap(),
            Some(Received {
                number,
                from_kernel: false
            })
        );
        // The mask is back: the default is to do nothing.
        kill_process(getpid(), Signal::WINCH).unwrap();
    }

    #[test]
    fn a_signal_that_nobody_took_ends_nothing() {
        let survived = std::thread::spawn(|| {
            let signals = Signals::block(&[Signal::USR1]).unwrap();
            // SAFETY: sends the signal to this thread, in which it is blocked.
            unsafe { libc::raise(libc::SIGUSR1) };
            drop(signals);
        });
        survived.join().unwrap();
    }

    #[test]
    fn a_program_starts_with_the_mask_of_before() {
        let blocked = || {
            let signals = Signals::block(&[Signal::WINCH]).unwrap();
            let told = |release: bool| {
                let mut command = Command::new("grep");
                command.args(["SigBlk", "/proc/self/status"]);
                if release {
                    signals.release_in(&mut command);
                }
                command.output().unwrap().stdout
            };
            (told(false), told(true))
        };
        let (inherited, released) = std::thread::spawn(blocked).join().unwrap();
        assert_eq!(inherited, b"SigBlk:\t0000000008000000\n");
        assert_eq!(released, b"SigBlk:\t0000000000000000\n");
    }

    #[test]
    fn rust_programs_ignore_a_closed_pipe_and_nothing_else() {
        assert!(is_ignored(Signal::PIPE));
        assert!(!is_ignored(Signal::TERM));
    }
}
