//! A world of its own for a recording: folders that no other recorder knows.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::board::{Board, VARIABLE};

const INSTANCES: &str = "/sys/kernel/tracing/instances";

/// Folders, a board, and where the programs are.
pub struct World {
    rendezvous: TempDir,
    traces: TempDir,
    thalweg: PathBuf,
    busy: PathBuf,
    /// The board of the busy program.
    pub board: Board,
}

impl World {
    /// A new world; `busy` is the busy program, and `thalweg` lies in the same or the next folder.
    ///
    /// # Panics
    /// If there is no `thalweg`, or no room.
    pub fn new(busy: &Path) -> Self {
        // On tmpfs, as a rendezvous folder must be.
        let rendezvous = tempfile::tempdir_in("/dev/shm").expect("/dev/shm is writable");
        let only_mine = fs::Permissions::from_mode(0o700);
        fs::set_permissions(rendezvous.path(), only_mine).expect("it is ours");
        Self {
            rendezvous,
            traces: tempfile::tempdir().expect("there is room"),
            thalweg: thalweg_beside(busy),
            busy: busy.to_owned(),
            board: Board::new(),
        }
    }

    /// Where a trace of this name goes.
    pub fn trace(&self, name: &str) -> PathBuf {
        self.traces.path().join(name)
    }

    /// `thalweg` with its first argument, in this world.
    pub fn thalweg(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.thalweg);
        command.arg(verb);
        self.settle(&mut command);
        command
    }

    /// The same in the mount namespace where a private disk is.
    pub fn thalweg_in(&self, verb: &str, disk: &Path) -> Command {
        // A disk's path is /proc/PID/root/mnt.
        let process = disk.ancestors().nth(2).unwrap_or(disk);
        let mut command = Command::new("nsenter");
        let mut namespace = std::ffi::OsString::from("--mount=");
        namespace.push(process.join("ns/mnt"));
        command.arg(namespace).arg(&self.thalweg).arg(verb);
        self.settle(&mut command);
        command
    }

    /// The busy program.
    pub fn busy(&self, run: u32, threads: usize, events: u64, pace_us: u64) -> Command {
        let mut command = Command::new(&self.busy);
        command.args(self.busy_words(run, threads, events, pace_us));
        self.settle(&mut command);
        command
    }

    /// The busy program as words of a command line.
    pub fn busy_line(&self, run: u32, threads: usize, events: u64, pace_us: u64) -> Vec<String> {
        let mut line = vec![self.busy.to_string_lossy().into_owned()];
        line.extend(self.busy_words(run, threads, events, pace_us));
        line
    }

    fn busy_words(&self, run: u32, threads: usize, events: u64, pace_us: u64) -> Vec<String> {
        let numbers = [u64::from(run), threads as u64, events, pace_us];
        numbers.map(|number| number.to_string()).into()
    }

    fn settle(&self, command: &mut Command) {
        command
            .env("THALWEG_RUNDIR", self.rendezvous.path())
            .env(VARIABLE, self.board.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
    }

    /// What lies in the rendezvous folder and is not one of its fixed files.
    pub fn left_in_rendezvous(&self) -> Vec<String> {
        let mut left = Vec::new();
        collect(self.rendezvous.path(), &mut left);
        left
    }
}

/// Files below a folder that belong to a process: adverts, sockets, definitions.
fn collect(folder: &Path, left: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (
            entry.path(),
            entry.file_name().to_string_lossy().into_owned(),
        );
        if path.is_dir() {
            collect(&path, left);
        } else if !name.starts_with(".slot") {
            left.push(name);
        }
    }
}

/// The tracefs instances of a recorder, by its process id.
pub fn instances_of(recorder: u32) -> Vec<PathBuf> {
    let part = format!("-{recorder}-");
    let entries = fs::read_dir(INSTANCES).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().contains(&part));
    ours.map(|entry| entry.path()).collect()
}

/// Whether an instance records.
pub fn is_on(instance: &Path) -> bool {
    fs::read_to_string(instance.join("tracing_on")).is_ok_and(|text| text.trim() == "1")
}

/// `$THALWEG_BIN`, or the one that cargo puts beside `busy`: built with the workspace, or else here.
fn thalweg_beside(busy: &Path) -> PathBuf {
    if let Some(path) = std::env::var_os("THALWEG_BIN") {
        return path.into();
    }
    let path = busy.with_file_name("thalweg");
    if !path.is_file() {
        build_thalweg(
            busy.parent()
                .is_some_and(|folder| folder.ends_with("release")),
        );
    }
    assert!(
        path.is_file(),
        "no {}: cargo build -p thalweg-cli",
        path.display()
    );
    path
}

fn build_thalweg(release: bool) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "thalweg-cli"]);
    command.args(release.then_some("--release"));
    let _ = command.status();
}
