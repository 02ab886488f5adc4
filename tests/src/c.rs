//! C and C++ programs: the library as it is installed, and the compilers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use thalweg_testkit::finish;

use crate::world::World;

/// How a program gets the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// As a shared library.
    Shared,
    /// From the archive, in an executable that is dynamic otherwise.
    Archive,
    /// From the archive, in an executable that needs nothing else either.
    StaticPie,
    /// Not at all by itself: a module of its own, which needs the shared library.
    Module,
}

/// The library, installed below a folder of a world by `scripts/install-c.sh`.
#[derive(Debug)]
pub struct Installed {
    prefix: PathBuf,
}

/// The folder of the checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package is a folder of the checkout")
}

/// Whether a program is there to be run.
fn exists(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}

impl Installed {
    /// Installs what cargo built beside the test.
    #[track_caller]
    pub fn new(world: &World) -> Self {
        let own = std::env::current_exe().expect("the kernel knows what it runs");
        let prefix = world.trace("prefix");
        let mut script = Command::new(root().join("scripts/install-c.sh"));
        script
            .arg(&prefix)
            .arg(own.parent().expect("a file is in a folder"));
        let ran = finish("install-c.sh", script.env_remove("DESTDIR"));
        assert!(ran.success, "{ran:?}");
        Self { prefix }
    }

    /// Where it is.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The compilers for C, and how the standard is called; clang where it is installed.
    pub fn c_compilers() -> Vec<&'static str> {
        with_clang(&["gcc", "clang"])
    }

    /// The compilers for C++.
    pub fn cpp_compilers() -> Vec<&'static str> {
        with_clang(&["g++", "clang++"])
    }

    /// Compiles files of `tests/c` without a single warning; the executable or library.
    #[track_caller]
    pub fn compile(&self, compiler: &str, sources: &[&str], link: Link, flags: &[&str]) -> PathBuf {
        let output = self.prefix.join(format!("{}-{}", sources[0], unique()));
        let mut command = Command::new(compiler);
        let standard = if compiler.ends_with("++") {
            "-std=c++17"
        } else {
            "-std=gnu11"
        };
        command
            .args([standard, "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"])
            .arg(format!("-I{}/include", self.prefix.display()));
        command.current_dir(root().join("tests/c"));
        command
            .args(flags)
            .args(sources)
            .args(["-x", "none", "-o"])
            .arg(&output);
        let lib = self.prefix.join("lib");
        let archive = lib.join("libthalweg.a");
        match link {
            Link::Archive => command.arg(archive).args(["-lgcc_s", "-lutil", "-lrt"]),
            // The linker warns of what std needs of the C library and this program never calls.
            Link::StaticPie => command
                .args(["-static-pie", "-Wl,--no-warnings"])
                .arg(archive)
                .arg("-lgcc_eh"),
            Link::Module => command
                .args(["-shared", "-fPIC"])
                .arg(format!("-L{}", lib.display()))
                .arg("-lthalweg"),
            Link::Shared => command.arg(format!("-L{}", lib.display())).arg("-lthalweg"),
        };
        command.args(["-lpthread", "-lm", "-ldl"]);
        // An executable that is static and has a path to search dies in the C library (glibc 2.36).
        if matches!(link, Link::Shared | Link::Module) {
            command.arg(format!("-Wl,-rpath,{}", lib.display()));
        }
        let ran = finish(compiler, &mut command);
        assert!(
            ran.success,
            "{compiler} {sources:?} {flags:?}:\n{}",
            ran.stderr
        );
        output
    }
}

fn with_clang(names: &[&'static str]) -> Vec<&'static str> {
    let (there, missing): (Vec<&str>, Vec<&str>) = names
        .iter()
        .partition(|name| !name.starts_with("clang") || exists(name));
    missing
        .iter()
        .for_each(|name| eprintln!("{name} is not installed: not asked"));
    there
}

/// A number that no other call in this process has.
fn unique() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
