//! A program as it is, with helpers preloaded, under a recorder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use thalweg_testkit::{Ran, finish};

use crate::recorder::Report;
use crate::world::World;

/// A helper's library: it lies beside the test's own executable.
pub fn helper_path(helper: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the kernel knows what it runs");
    own.with_file_name(format!("libthalweg_{helper}.so"))
}

/// What is preloaded, and into what.
pub struct Preloaded {
    libraries: Vec<PathBuf>,
    command: Command,
    limit_bytes: u64,
}

impl Preloaded {
    /// Helpers for a program.
    pub fn new(helpers: &[&str], program: &Path) -> Self {
        Self {
            libraries: helpers.iter().map(|helper| helper_path(helper)).collect(),
            command: Command::new(program),
            limit_bytes: 256 << 20,
        }
    }

    /// Another library behind those that there are.
    #[must_use]
    pub fn behind(mut self, library: &Path) -> Self {
        self.libraries.push(library.to_owned());
        self
    }

    /// An argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.command.arg(argument.into());
        self
    }

    /// A variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The most ring memory.
    #[must_use]
    pub fn limit_bytes(mut self, bytes: u64) -> Self {
        self.limit_bytes = bytes;
        self
    }

    /// Runs it as it is, and then preloaded and recorded. It must do and say the same both times.
    #[track_caller]
    pub fn record(&mut self, world: &World, trace: &str) -> (Ran, Report) {
        let plain = self.run(world, false);
        let (ran, report) = self.record_only(world, trace);
        assert_eq!(
            (&plain.stdout, &plain.stderr, plain.success),
            (&ran.stdout, &ran.stderr, ran.success),
            "as it is, and preloaded"
        );
        (ran, report)
    }

    /// Runs it preloaded and recorded.
    #[track_caller]
    pub fn record_only(&mut self, world: &World, trace: &str) -> (Ran, Report) {
        let recorder = world.recorder(trace).limit_bytes(self.limit_bytes).start();
        let ran = self.run(world, true);
        (ran, recorder.finish())
    }

    /// Runs it, preloaded or as it is.
    #[track_caller]
    pub fn run(&mut self, world: &World, preloaded: bool) -> Ran {
        let paths = self.libraries.iter().map(|path| path.as_os_str());
        let paths = paths.collect::<Vec<_>>().join(":".as_ref());
        world.place(&mut self.command);
        if preloaded {
            self.command.env("LD_PRELOAD", paths);
        } else {
            self.command.env_remove("LD_PRELOAD");
        }
        let program = self.command.get_program().to_string_lossy().into_owned();
        finish(&program, &mut self.command)
    }
}
