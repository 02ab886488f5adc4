//! A process that a test has started, and that does not outlive it, however the test ends.

use std::io;
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, ExitStatus, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long one may take to end that was asked to.
const PATIENCE: Duration = Duration::from_secs(5);

/// A child that is ended with this value: killed, or asked before.
#[derive(Debug)]
pub struct Guarded {
    /// There, until its output is waited for.
    child: Option<Child>,
    is_asked: bool,
}

impl Guarded {
    /// Asks it to end (SIGTERM) before it is killed: it has something to clean up, as recorders have.
    #[must_use]
    pub fn asked_first(mut self) -> Self {
        self.is_asked = true;
        self
    }

    /// Waits for its end, and gives what it wrote.
    ///
    /// # Errors
    /// Its output cannot be read.
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        let child = self
            .child
            .take()
            .expect("this is the only one who takes it");
        child.wait_with_output()
    }

    fn ended_when_asked(child: &mut Child) -> Option<ExitStatus> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw)?;
        // While its end was not waited for, nobody else can have its number.
        kill_process(pid, Signal::TERM).ok()?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = child.try_wait().ok()? {
                return Some(status);
            }
            sleep(Duration::from_millis(5));
        }
        None
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else {
            return;
        };
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        if self.is_asked && Self::ended_when_asked(child).is_some() {
            return;
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Deref for Guarded {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.child
            .as_ref()
            .expect("it is taken with the value only")
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut Child {
        self.child
            .as_mut()
            .expect("it is taken with the value only")
    }
}

/// Starts processes that end with the test.
pub trait SpawnGuarded {
    /// As [`Command::spawn`].
    ///
    /// # Errors
    /// As for that.
    fn spawn_guarded(&mut self) -> io::Result<Guarded>;
}

impl SpawnGuarded for Command {
    fn spawn_guarded(&mut self) -> io::Result<Guarded> {
        Ok(Guarded {
            child: Some(self.spawn()?),
            is_asked: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn is_there(pid: u32) -> bool {
        Path::new(&format!("/proc/{pid}")).exists()
    }

    #[test]
    fn a_process_ends_with_the_test_that_fails() {
        let (tell, told) = std::sync::mpsc::channel();
        let test = std::thread::spawn(move || {
            let sleeper = Command::new("sleep").arg("1000").spawn_guarded().unwrap();
            tell.send(sleeper.id()).unwrap();
            assert!(!is_there(sleeper.id()), "this is the failure");
        });
        let pid = told.recv().unwrap();
        assert!(test.join().is_err());
        assert!(!is_there(pid));
    }

    #[test]
    fn one_that_is_asked_first_can_clean_up() {
        let folder = tempfile::tempdir().unwrap();
        let script =
            "trap 'echo cleaned > done; exit' TERM; : > ready; while :; do sleep 0.01; done";
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", script]).current_dir(folder.path());
        let shell = shell.spawn_guarded().unwrap().asked_first();
        while !folder.path().join("ready").exists() {
            sleep(Duration::from_millis(1));
        }
        drop(shell);
        let done = std::fs::read_to_string(folder.path().join("done"));
        assert_eq!(done.unwrap(), "cleaned\n");
    }
}
