//! A small file system in memory that is full soon, seen by nobody else.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A tmpfs in a mount namespace of its own; it is gone when this value, or the test, is.
pub struct Tmpfs {
    holder: Child,
    path: PathBuf,
}

impl Tmpfs {
    /// Mounts a tmpfs of so many bytes. Needs root.
    #[track_caller]
    pub fn mount(size_bytes: u64) -> Self {
        // The shell holds the namespace until its standard input ends, and that ends with us.
        let script =
            format!("mount -t tmpfs -o size={size_bytes} none /mnt && echo up && read -r _");
        let mut holder = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare runs; install util-linux");
        let mut line = String::new();
        let stdout = holder.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the shell writes text");
        assert_eq!(line, "up\n", "a private tmpfs needs root");
        // The namespace's root is reachable through its process.
        let path = PathBuf::from(format!("/proc/{}/root/mnt", holder.id()));
        Self { holder, path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
