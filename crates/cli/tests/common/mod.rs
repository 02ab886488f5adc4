//! A place of its own for each test: a current folder, a rendezvous folder, and the command.

#![allow(
    dead_code,
    reason = "each test file uses its own part of what all of them share"
)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use thalweg_testkit::{Guarded, SpawnGuarded as _, sweep};

/// A user whom no machine has.
pub(crate) const STRANGER: u32 = 61_234;

/// The real command.
pub(crate) const THALWEG: &str = env!("CARGO_BIN_EXE_thalweg");

/// Folders that go with the test.
pub(crate) struct Scene {
    dir: TempDir,
    rendezvous: TempDir,
}

impl Drop for Scene {
    /// What a test that has failed left behind is nothing that others are to see.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.command(THALWEG, &["recover"]).output();
        }
    }
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Scene {
    pub(crate) fn new() -> Self {
        sweep();
        let folder = |mode, parent: &Path| {
            let permissions = Permissions::from_mode(mode);
            tempfile::Builder::new()
                .permissions(permissions)
                .tempdir_in(parent)
                .unwrap()
        };
        let dir = folder(0o755, &std::env::temp_dir());
        let rendezvous = folder(0o700, Path::new("/dev/shm"));
        Self { dir, rendezvous }
    }

    /// A scene that belongs to [`STRANGER`], with a copy of the command that strangers can run.
    pub(crate) fn of_stranger() -> Self {
        let scene = Self::new();
        for folder in [scene.dir(), scene.rendezvous.path()] {
            chown(folder, Some(STRANGER), Some(STRANGER)).unwrap();
        }
        let copy = scene.dir().join("thalweg");
        fs::copy(THALWEG, &copy).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        scene
    }

    /// The current folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The folder in which programs and recorders of this test meet.
    pub(crate) fn rendezvous(&self) -> &Path {
        self.rendezvous.path()
    }

    /// What lies in the current folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// A program of any kind that runs here.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.dir())
            .env("THALWEG_RUNDIR", self.rendezvous());
        command.stdin(Stdio::null());
        command
    }

    /// Runs `thalweg`.
    #[track_caller]
    pub(crate) fn thalweg(&self, args: &[&str]) -> Ended {
        self.command(THALWEG, args).output().unwrap().into()
    }

    /// Runs `thalweg` as [`STRANGER`].
    #[track_caller]
    pub(crate) fn as_stranger(&self, args: &[&str]) -> Ended {
        let user = STRANGER.to_string();
        let ids = [
            "--reuid",
            &user,
            "--regid",
            &user,
            "--clear-groups",
            "./thalweg",
        ];
        self.command("setpriv", &[&ids[..], args].concat())
            .output()
            .expect("util-linux")
            .into()
    }

    /// Runs a shell script with mounts of its own; `$1` is `thalweg`.
    #[track_caller]
    pub(crate) fn with_own_mounts(&self, script: &str) -> Ended {
        let args = ["-m", "sh", "-ec", script, "sh", THALWEG];
        self.command("unshare", &args)
            .output()
            .expect("util-linux")
            .into()
    }

    /// Starts `thalweg` with its standard error in a file.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        self.start_with(args, |_| ())
    }

    /// The same, with streams or variables of its own.
    pub(crate) fn start_with(&self, args: &[&str], adjust: impl FnOnce(&mut Command)) -> Running {
        let said = self.rendezvous().join("said");
        let mut command = self.command(THALWEG, args);
        adjust(&mut command);
        let child = command
            .stderr(fs::File::create(&said).unwrap())
            .spawn_guarded()
            .unwrap();
        // A recorder has something to clean up.
        let child = child.asked_first();
        Running { child, said }
    }
}

/// A `thalweg` that runs; it ends with this value.
pub(crate) struct Running {
    child: Guarded,
    said: PathBuf,
}

impl Running {
    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has said something.
    #[track_caller]
    pub(crate) fn wait_for(&self, words: &str) {
        wait_until(words, || self.said().contains(words));
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([&format!("-{name}"), &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Kills it, and waits until its keeper has put the kernel's settings back.
    #[track_caller]
    pub(crate) fn die(self) {
        let of_recorder = format!("-{}-", self.id());
        self.signal("KILL");
        self.end();
        wait_until("the keeper", || {
            let instances = fs::read_dir("/sys/kernel/tracing/instances").unwrap();
            let mut names = instances.map(|entry| entry.unwrap().file_name());
            !names.any(|name| name.to_string_lossy().contains(&of_recorder))
        });
    }

    /// Waits for its end; its standard input, if we have that, ends now.
    pub(crate) fn end(mut self) -> Ended {
        let status = self.child.wait().unwrap().code();
        Ended {
            status,
            stdout: String::new(),
            stderr: self.said(),
        }
    }
}

/// `thalweg record` does not begin with these options, and says why in these words.
#[track_caller]
pub(crate) fn refuse(options: &[&str], expected: &str) {
    let ended = Scene::new().thalweg(&[&["record"], options, &["true"]].concat());
    assert_eq!(ended.status, Some(125), "{}", ended.stderr);
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

/// Waits for something that another process does, 30 seconds at most.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The number of events that a summary claims.
#[track_caller]
pub(crate) fn recorded(summary: &str) -> u64 {
    let claim = summary
        .split("recorded ")
        .nth(1)
        .and_then(|rest| rest.split(" event").next());
    let digits = claim.unwrap_or_default().replace(' ', "");
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number of events in: {summary}"))
}

/// The number of events that a summary says found their ring full.
#[track_caller]
pub(crate) fn discarded(summary: &str) -> u64 {
    let before = summary.split(" discarded: its ring was full").next();
    let line = before.and_then(|text| text.lines().last());
    let digits = line.unwrap_or_default().replace(' ', "");
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number of discarded events in: {summary}"))
}
