//! A program that says lines, and waits until it is told to go on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdout, Command, Stdio};

use thalweg_testkit::{Guarded, SpawnGuarded as _};

/// A program that is under way.
#[derive(Debug)]
pub struct Speaker {
    child: Guarded,
    stdout: BufReader<ChildStdout>,
}

impl Speaker {
    /// Starts it.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn_guarded().expect("cargo builds it");
        let stdout = child.stdout.take().expect("it is piped");
        let stdout = BufReader::new(stdout);
        Self { child, stdout }
    }

    /// The next line that it says, once it has.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("it says text");
        line.strip_suffix('\n').expect("a whole line").to_owned()
    }

    /// Tells it to go on.
    #[track_caller]
    pub fn go_on(&mut self) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        stdin.write_all(b"go on\n").expect("it waits for that");
    }

    /// Sees it end well; what it said until then.
    #[track_caller]
    pub fn end(mut self) -> String {
        let mut said = String::new();
        let read = self.stdout.read_to_string(&mut said);
        read.expect("it says text");
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{status}");
        said
    }
}
