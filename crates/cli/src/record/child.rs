//! The command that is recorded: a child with the terminal, the signals and the streams of its own.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use thalweg_sys::Signals;

use super::helper;
use super::starter::Starter;
use crate::exit::{CANNOT_RUN, Failure, NOT_FOUND};

/// A command that was started.
#[derive(Debug)]
pub(crate) struct Traced {
    child: Child,
    /// The signal that we have sent it because the time was up.
    timed_out: bool,
}

impl Traced {
    /// Starts it, with this process's streams, the signal mask that this process began with, and
    /// `preload` as what it preloads; from the thread of `starter`, if there is one.
    pub(crate) fn start(
        command: &[OsString],
        preload: Option<&OsStr>,
        signals: &Signals,
        starter: Option<Starter>,
    ) -> Result<Option<Self>, Failure> {
        let Some((name, arguments)) = command.split_first() else {
            return Ok(None);
        };
        let mut command = Command::new(name);
        command.args(arguments);
        if let Some(preload) = preload {
            command.env(helper::VARIABLE, preload);
        }
        signals.release_in(&mut command);
        let started = match starter {
            Some(starter) => starter.spawn(command),
            None => command.spawn(),
        };
        match started {
            Ok(child) => Ok(Some(Self {
                child,
                timed_out: false,
            })),
            Err(error) => Err(refused(name, &error)),
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

    /// What tells of its end.
    pub(crate) fn pidfd(&self) -> Option<OwnedFd> {
        pidfd_open(self.pid()?, PidfdFlags::empty()).ok()
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.id()).ok().and_then(Pid::from_raw)
    }
}

/// The file was there when we looked: what is not there is what it needs to run.
fn refused(name: &OsStr, error: &io::Error) -> Failure {
    let name = name.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            let words = format!("run {name}: its interpreter or dynamic linker is not there");
            Failure::words(NOT_FOUND, words)
        }
        _ => Failure::words(CANNOT_RUN, format!("run {name}: {error}")),
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
