//! A file system that is full soon, seen by nobody else.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::NamedTempFile;

/// A file system in a mount namespace of its own; it is gone when this value, or the test, is.
pub struct SmallDisk {
    holder: Child,
    path: PathBuf,
    /// What it lies in, if in a file.
    _image: Option<NamedTempFile>,
}

impl SmallDisk {
    /// A tmpfs of so many bytes. Needs root.
    #[track_caller]
    pub fn in_memory(size_bytes: u64) -> Self {
        Self::mount(&format!("-t tmpfs -o size={size_bytes} none"), None)
    }

    /// An ext4 of so many bytes: it takes writes past the page cache. Needs root and loop devices.
    #[track_caller]
    pub fn ext4(size_bytes: u64) -> Self {
        let image = NamedTempFile::new().expect("there is room for an image");
        let sized = image.as_file().set_len(size_bytes);
        sized.expect("there is room for an image");
        let made = Command::new("mkfs.ext4")
            .arg("-q")
            .arg(image.path())
            .status();
        let made = made.expect("mkfs.ext4 runs; install e2fsprogs");
        assert!(made.success(), "mkfs.ext4: {made}");
        let options = format!("-o loop {}", image.path().display());
        Self::mount(&options, Some(image))
    }

    #[track_caller]
    fn mount(options: &str, image: Option<NamedTempFile>) -> Self {
        // The shell holds the namespace until its standard input ends, and that ends with us.
        let script = format!("mount {options} /mnt && echo up && read -r _");
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
        assert_eq!(line, "up\n", "a private file system needs root");
        // The namespace's root is reachable through its process.
        let path = PathBuf::from(format!("/proc/{}/root/mnt", holder.id()));
        Self {
            holder,
            path,
            _image: image,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
