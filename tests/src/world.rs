//! A rendezvous folder of a test's own, a ledger, and a place for traces.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::ledger::{self, Ledger};
use crate::recorder::Options;

/// Whether counts are as large as the nightly tier wants them.
pub fn is_full() -> bool {
    std::env::var_os("THALWEG_FULL").is_some_and(|value| value == "1")
}

/// What one test has to itself: no other recorder and no other program is seen.
pub struct World {
    folder: TempDir,
    ledger: Ledger,
}

impl World {
    /// Makes an empty one. A rendezvous folder must be on tmpfs.
    #[allow(clippy::new_without_default, reason = "a world is made, not assumed")]
    pub fn new() -> Self {
        thalweg_testkit::sweep();
        let folder = tempfile::Builder::new()
            .prefix("thalweg-test-")
            .tempdir_in("/dev/shm")
            .expect("/dev/shm can be written to");
        std::fs::create_dir(folder.path().join("run")).expect("the folder is new");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder.path().join("run"), mode).expect("it is ours");
        let ledger = Ledger::create(&folder.path().join("ledger"));
        Self { folder, ledger }
    }

    /// The rendezvous folder.
    pub fn rundir(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The folder of a trace.
    pub fn trace(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The accounts of the programs that run here.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A program of this package, which finds this world's folders.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(executable(program));
        self.place(&mut command);
        command
    }

    /// The same inside of another command, if that has any words.
    pub fn command_within(&self, within: &[String], program: &str) -> Command {
        let Some((first, rest)) = within.split_first() else {
            return self.command(program);
        };
        let mut command = Command::new(first);
        command.args(rest).arg(executable(program));
        self.place(&mut command);
        command
    }

    /// Lets any command find this world's folders.
    pub fn place(&self, command: &mut Command) {
        command
            .env("THALWEG_RUNDIR", self.rundir())
            .env(ledger::VARIABLE, self.folder.path().join("ledger"))
            .stdin(Stdio::null());
    }

    /// Runs a program of this package to its end, which must be a good one.
    #[track_caller]
    pub fn run(&self, program: &str, args: &[&str]) {
        let status = self.status(program, args);
        assert!(status.success(), "{program} {args:?}: {status}");
    }

    /// Runs a program of this package to its end.
    #[track_caller]
    pub fn status(&self, program: &str, args: &[&str]) -> ExitStatus {
        let status = self.command(program).args(args).status();
        status.expect("cargo builds the package's programs before its tests")
    }

    /// A recorder of this world, yet to be started.
    pub fn recorder(&self, trace: &str) -> Options<'_> {
        Options::new(self, self.trace(trace))
    }

    /// What lies in the rendezvous folder, adverts included.
    pub fn files(&self) -> Vec<String> {
        let mut found = names(&self.rundir());
        found.extend(names(&self.rundir().join("sessions")));
        found.retain(|name| name != "sessions" && !name.starts_with(".slot"));
        found
    }
}

impl Drop for World {
    /// What a test that has failed left behind is nothing that others are to see.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.command("recorder").arg("recover").output();
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// A program of this package: it lies beside the folder of the test's own executable.
fn executable(program: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the kernel knows what it runs");
    let folder = own.parent().and_then(Path::parent);
    folder
        .expect("cargo puts tests into a folder")
        .join(program)
}

/// The instrumented library: it lies beside the test's own executable.
pub fn library_path() -> PathBuf {
    let own = std::env::current_exe().expect("the kernel knows what it runs");
    own.with_file_name("libthalweg_tests_library.so")
}

/// Waits until `done`, and not for ever.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "waited 20 s in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl World {
    /// Waits until `done`, and not for ever.
    #[track_caller]
    pub fn wait_until(&self, what: &str, done: impl FnMut() -> bool) {
        wait_until(what, done);
    }
}
