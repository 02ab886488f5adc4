//! The command that is recorded: a child with the terminal, the signals and the streams of its own.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};

use crate::exit::{CANNOT_RUN, Failure, NOT_FOUND};

/// A command that was started.
#[derive(Debug)]
pub(crate) struct Traced {
    child: Child,
    /// The signal that we have sent it because the time was up.
    timed_out: bool,
}

impl Traced {
    /// Starts it. It gets this process's streams and an empty signal mask, as from a shell.
    pub(crate) fn start(command: &[OsString]) -> Result<Option<Self>, Failure> {
        let Some((name, arguments)) = command.split_first() else {
            return Ok(None);
        };
        match Command::new(name).args(arguments).spawn() {
            Ok(child) => Ok(Some(Self {
                child,
                timed_out: false,
            })),
            Err(error) => {
                let status = match error.kind() {
                    io::ErrorKind::NotFound => NOT_FOUND,
                    _ => CANNOT_RUN,
                };
                Err(Failure::words(
                    status,
                    format!("run {}: {error}", name.display()),
                ))
            }
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its end, once it has come, as a status to end with.
    pub(crate) fn ended(&mut self) -> Option<u8> {
        let status = self.child.try_wait().ok().flatten()?;
        let asked = self.timed_out && status.signal() == Some(Signal::TERM.as_raw());
        Some(if asked { 0 } else { status_of(status) })
    }

    /// Sends it a signal, unless it has ended.
    pub(crate) fn send(&mut self, signal: Signal) {
        // While its end was not waited for, nobody else can have its number.
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), self.pid()) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to end because the time is up.
    pub(crate) fn time_out(&mut self) {
        if !self.timed_out {
            self.send(Signal::TERM);
            self.timed_out = true;
        }
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.id()).ok().and_then(Pid::from_raw)
    }
}

/// A child's status as a shell tells it.
fn status_of(status: ExitStatus) -> u8 {
    let number = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 255,
    };
    u8::try_from(number).unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_as_a_shell_does() {
        let told = |raw| status_of(ExitStatus::from_raw(raw));
        assert_eq!(told(0), 0);
        assert_eq!(told(3 << 8), 3);
        assert_eq!(told(255 << 8), 255);
        assert_eq!(told(9), 137);
        assert_eq!(told(11 | 0x80), 139);
    }
}
