//! What keeps this user from the kernel's events, and the one command that grants them.
//!
//! tracefs belongs to root. Of what could be given to somebody else, the least that suffices for a
//! recording: the group may read, and the user owns `instances`, so that the kernel gives the user
//! each instance that is made there, and no other. Reading alone is not enough, CAP_SYS_ADMIN is
//! not either; CAP_DAC_OVERRIDE is, and is far more: with it on the program's file, whoever runs it
//! could write to any file of the machine.

use std::fmt;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};
use thalweg_kernel::{Error, Tracefs};

/// Why this user gets no kernel events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KernelRefusal {
    /// Why, as the end of the sentence "failed to …".
    pub(crate) why: String,
    /// The command that changes it for this user until the next boot, if one does.
    pub(crate) grant: Option<String>,
}

/// One line, with what to do.
impl fmt::Display for KernelRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        match &self.grant {
            None => Ok(()),
            Some(grant) => {
                write!(
                    f,
                    "; run as root, or grant it to this user until the next boot: {grant}"
                )
            }
        }
    }
}

/// Why there are no kernel events for this user; `None` if there are.
pub(crate) fn kernel_refusal() -> Option<KernelRefusal> {
    match Tracefs::find() {
        Ok(tracefs) => {
            let instances = tracefs.root().join("instances");
            match access(&instances, Access::WRITE_OK | Access::EXEC_OK) {
                Ok(()) => None,
                Err(Errno::ROFS) => Some(read_only(tracefs.root())),
                Err(_) => Some(denied(tracefs.root())),
            }
        }
        Err(Error::Denied { path, .. }) => Some(denied(&path)),
        Err(error) => Some(KernelRefusal {
            why: error.to_string(),
            grant: None,
        }),
    }
}

fn read_only(root: &Path) -> KernelRefusal {
    let root = root.display();
    KernelRefusal {
        why: format!("use {root}: it is mounted read-only; as root: mount -o remount,rw {root}"),
        grant: None,
    }
}

fn denied(root: &Path) -> KernelRefusal {
    let grant = command(root, geteuid().as_raw(), getegid().as_raw());
    KernelRefusal {
        why: format!("use {}: permission denied", root.display()),
        grant: Some(grant),
    }
}

fn command(root: &Path, uid: u32, gid: u32) -> String {
    let root = root.display();
    format!(
        "sudo sh -c 'mount -o remount,gid={gid},mode=750 {root} && chown {uid} {root}/instances'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_is_one_command_for_one_user() {
        assert_eq!(
            command(Path::new("/sys/kernel/tracing"), 1000, 100),
            "sudo sh -c 'mount -o remount,gid=100,mode=750 /sys/kernel/tracing && \
             chown 1000 /sys/kernel/tracing/instances'"
        );
    }
}
