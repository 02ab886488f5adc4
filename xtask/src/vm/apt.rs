//! Debian's packages: those of this machine's own lists, or of another release, with lists apart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

const MIRROR: &str = "http://deb.debian.org";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// apt, and what it is told before all else.
pub(super) struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// With this machine's lists.
    pub(super) fn of_machine() -> Self {
        Self {
            options: Vec::new(),
        }
    }

    /// With lists of one suite, kept below `folder`: nothing of the machine's is changed.
    pub(super) fn of_suite(folder: &Path, suite: &str, archive: &str) -> Result<Self> {
        let folder: PathBuf = folder.join(suite);
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).context("make a folder for apt")?;
        }
        let source = format!("deb [signed-by={KEYRING}] {MIRROR}/{archive} {suite} main\n");
        let list = folder.join("sources.list");
        fs::write(&list, source).context("write what apt is to read")?;
        let option =
            |name: &str, path: &Path| ["-o".to_owned(), format!("{name}={}", path.display())];
        let options = [
            option("Dir::State::lists", &folder.join("lists")),
            option("Dir::Cache", &folder.join("cache")),
            option("Dir::Etc::sourcelist", &list),
            option("Dir::Etc::sourceparts", Path::new("/dev/null")),
        ];
        Ok(Self {
            options: options.concat(),
        })
    }

    /// Reads the lists anew.
    pub(super) fn update(&self) -> Result<()> {
        let words = ["update", "-qq"];
        output("apt-get", &self.words(&words), Path::new("/")).map(drop)
    }

    /// What a package depends on.
    pub(super) fn depends(&self, package: &str) -> Result<Vec<String>> {
        let words = output(
            "apt-cache",
            &self.words(&["depends", package]),
            Path::new("/"),
        )?;
        let lines = words.lines();
        let names = lines.filter_map(|line| line.trim().strip_prefix("Depends: "));
        Ok(names.map(str::to_owned).collect())
    }

    /// Puts the package's file into a folder.
    pub(super) fn download(&self, package: &str, folder: &Path) -> Result<()> {
        let words = ["download", "-qq", package];
        output("apt-get", &self.words(&words), folder).map(drop)
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        let words = words.iter().map(|&word| word.to_owned());
        self.options.iter().cloned().chain(words).collect()
    }
}

/// What a program prints; it must succeed.
pub(super) fn output(program: &str, arguments: &[String], folder: &Path) -> Result<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null());
    let ran = command.output().with_context(|| format!("run {program}"))?;
    let words = String::from_utf8_lossy(&ran.stderr);
    ensure!(
        ran.status.success(),
        "{program} {arguments:?}: {}",
        words.trim()
    );
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}
